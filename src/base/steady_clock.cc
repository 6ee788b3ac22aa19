// SPDX-License-Identifier: MIT
#include "base/steady_clock.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/limits.h"

namespace sluice {

SteadyClock::SteadyClock(const Clock& wall, const Clock& boot, Log& log, Duration agreement)
    : wall_(wall),
      boot_(boot),
      log_(log),
      agreement_(agreement),
      offset_(wall.now() - boot.now()),
      seen_(offset_),
      agreed_since_(boot.now()),
      kept_until_(agreed_since_) {}

Timestamp SteadyClock::now() const noexcept {
  const MutexLock lock(mutex_);
  return boot_.now() + offset_;
}

bool SteadyClock::may_delete() noexcept {
  const MutexLock lock(mutex_);
  const Timestamp boot = boot_.now();
  const Duration before = seen_;
  seen_ = wall_.now() - boot;
  if (std::chrono::abs(seen_ - before) >= limits::clock_step_least) {
    agreed_since_ = boot;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(seen_ - before);
    log_.warn("the wall clock was set, nothing expires before it has proved to be right",
              {{"by_seconds", std::int64_t{seconds.count()}}});
  }
  if (boot - agreed_since_ < agreement_) {
    return false;
  }
  const Duration ahead = seen_ - offset_;
  offset_ = seen_;
  if (ahead >= limits::clock_step_least) {
    kept_until_ = boot + std::min<Duration>(ahead, limits::clock_set_ahead_kept_max);
  }
  return boot >= kept_until_;
}

}  // namespace sluice
