// SPDX-License-Identifier: MIT
#include "cli/rate_limit.h"

#include <algorithm>
#include <thread>

namespace sluice::cli {
namespace {

// The rate is kept over this time; a slow one is kept byte by byte.
constexpr double moment_seconds = 0.1;
constexpr std::chrono::milliseconds wait_step{20};

}  // namespace

RateLimit::RateLimit(std::uint64_t bytes_per_second)
    : bytes_per_second_(static_cast<double>(bytes_per_second)),
      since_(std::chrono::steady_clock::now()) {}

std::size_t RateLimit::take_now(std::size_t wanted, Time now) {
  const MutexLock lock(mutex_);
  // Time in which nothing was sent is not made up for.
  saved_ = std::min(saved_ + std::max(std::chrono::duration<double>(now - since_).count(), 0.0) *
                                 bytes_per_second_,
                    std::max(bytes_per_second_ * moment_seconds, 1.0));
  since_ = now;
  const auto taken = static_cast<std::size_t>(std::min(static_cast<double>(wanted), saved_));
  saved_ -= static_cast<double>(taken);
  return taken;
}

std::size_t RateLimit::take(std::size_t wanted, const std::function<bool()>& goes_on) {
  while (goes_on()) {
    if (const std::size_t taken = take_now(wanted, std::chrono::steady_clock::now()); taken > 0) {
      return taken;
    }
    std::this_thread::sleep_for(wait_step);
  }
  return 0;
}

}  // namespace sluice::cli
