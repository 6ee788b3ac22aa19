// SPDX-License-Identifier: MIT
// The URL in front of "/uploads/TOKEN" in every Location: clients follow it, so changing it moves
// them. Locations that were given before go on working.
#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "base/mutex.h"

namespace sluice::protocol {

// Any thread.
class LocationBase {
 public:
  LocationBase() = default;
  // `log` outlives this; null: there is none.
  explicit LocationBase(std::string url, Log* log = nullptr) : url_(std::move(url)), log_(log) {}

  // Scheme, host, port and path, without a slash at the end. Empty: it is made of each request.
  std::string url() const {
    const MutexLock lock(mutex_);
    return url_;
  }
  void set(std::string url) {
    const MutexLock lock(mutex_);
    url_ = std::move(url);
  }
  // A location was made of the Host of a request that a proxy at `address` says to have passed on.
  // It may lead nowhere from outside: the log says so the first time.
  void warn_of_proxy(std::string_view address);

 private:
  mutable Mutex mutex_;
  std::string url_ GUARDED_BY(mutex_);
  Log* const log_ = nullptr;
  std::atomic<bool> warned_ = false;
};

}  // namespace sluice::protocol
