// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

namespace sluice::store {

// The room where something is kept.
struct Space {
  std::uint64_t free_bytes = 0;
  std::uint64_t total_bytes = 0;
  // That can still be made; unset where there is no bound.
  std::optional<std::uint64_t> free_files = std::nullopt;
};

}  // namespace sluice::store
