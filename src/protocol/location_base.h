// SPDX-License-Identifier: MIT
// The URL in front of "/uploads/TOKEN" in every Location: clients follow it, so changing it moves
// them. Locations that were given before go on working.
#pragma once

#include <string>
#include <utility>

#include "base/mutex.h"

namespace sluice::protocol {

// Any thread.
class LocationBase {
 public:
  LocationBase() = default;
  explicit LocationBase(std::string url) : url_(std::move(url)) {}

  // Scheme, host, port and path, without a slash at the end. Empty: it is made of each request.
  std::string url() const {
    const MutexLock lock(mutex_);
    return url_;
  }
  void set(std::string url) {
    const MutexLock lock(mutex_);
    url_ = std::move(url);
  }

 private:
  mutable Mutex mutex_;
  std::string url_ GUARDED_BY(mutex_);
};

}  // namespace sluice::protocol
