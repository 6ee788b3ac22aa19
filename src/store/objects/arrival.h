// SPDX-License-Identifier: MIT
// What an event loop brings to a thread that blocks until it is here.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/mutex.h"

namespace sluice::store::objects {

template <class T>
class Arrival {
 public:
  // Once.
  void set(Result<T> value) {
    const MutexLock lock(mutex_);
    value_.emplace(std::move(value));
    arrived_.notify_all();
  }

  // Blocks. What was set, which lives as long as this. `draining` soon after `stopping` was set;
  // `unavailable` when `most` has passed. Without it what brings the value has an end of its own.
  Result<T*> wait(const std::atomic<bool>& stopping, std::optional<Duration> most = std::nullopt) {
    const auto begin = std::chrono::steady_clock::now();
    MutexLock lock(mutex_);
    const auto is_here = [this]() REQUIRES(mutex_) { return value_.has_value(); };
    while (!arrived_.wait_for(lock, limits::extent_look_pause, is_here)) {
      if (stopping) {
        return fail(Errc::draining, "the server is shutting down");
      }
      if (most && std::chrono::steady_clock::now() - begin >= *most) {
        return fail(Errc::unavailable, "the object store does not answer in time");
      }
    }
    if (!*value_) {
      return fail(value_->error());
    }
    return &**value_;
  }

 private:
  Mutex mutex_;
  ConditionVariable arrived_;
  std::optional<Result<T>> value_ GUARDED_BY(mutex_);
};

}  // namespace sluice::store::objects
