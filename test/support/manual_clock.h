// SPDX-License-Identifier: MIT
// A clock that stands still until the test advances it.
#pragma once

#include <atomic>

#include "base/clock.h"

namespace sluice::testing {

class ManualClock final : public Clock {
 public:
  Timestamp now() const noexcept override { return now_.load(); }
  void advance(Duration by) noexcept { now_ = now_.load() + by; }

 private:
  std::atomic<Timestamp> now_{Timestamp(std::chrono::hours(24 * 365 * 50))};
};

}  // namespace sluice::testing
