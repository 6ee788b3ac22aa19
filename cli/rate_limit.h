// SPDX-License-Identifier: MIT
// `--bwlimit`: a rate that all connections of a command share, whichever of them has bytes to send.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "base/mutex.h"

namespace sluice::cli {

// Any thread.
class RateLimit {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // More than 0 bytes a second.
  explicit RateLimit(std::uint64_t bytes_per_second);

  // Blocks until some of `wanted` bytes may be sent, and returns how many: at least one, and no
  // more than the rate has for a moment, so that connections take turns. 0 after a no of `goes_on`,
  // which is asked several times a second.
  std::size_t take(std::size_t wanted, const std::function<bool()>& goes_on);

  // The same without blocking; 0: nothing may be sent now.
  std::size_t take_now(std::size_t wanted, Time now);

 private:
  const double bytes_per_second_;
  Mutex mutex_;
  double saved_ GUARDED_BY(mutex_) = 0;
  Time since_ GUARDED_BY(mutex_);
};

}  // namespace sluice::cli
