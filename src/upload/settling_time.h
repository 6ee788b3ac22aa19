// SPDX-License-Identifier: MIT
// When a running request makes its bytes durable before its end. Pure.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace sluice::upload {

// Bytes that a request has brought and that are not durable yet.
struct Unsettled {
  std::uint64_t bytes = 0;
  std::chrono::steady_clock::duration age{0};  // Since the first of them came.
};

// While its sender goes on.
bool is_settling_due(const Unsettled& unsettled);
// Before that when its sender brings nothing for so long; max() where there is nothing to settle.
Duration silence_before_settling(const Unsettled& unsettled);

}  // namespace sluice::upload
