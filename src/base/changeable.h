// SPDX-License-Identifier: MIT
// A setting that may change while the server runs.
#pragma once

#include <atomic>
#include <list>
#include <utility>

#include "base/mutex.h"

namespace sluice {

// Any thread reads, by one atomic load, and sees the whole value as it was before a change or after
// it. Values that were replaced stay until the end of the object: a reference to one may be kept
// over a wait. How many there can be is the caller's matter (limits::reloads_max).
template <class T>
class Changeable {
 public:
  Changeable() : Changeable(T()) {}
  Changeable(T first) { replace(std::move(first)); }
  // Of the present value.
  Changeable(const Changeable& other) : Changeable(*other) {}
  Changeable& operator=(const Changeable& other) {
    if (this != &other) {
      replace(*other);
    }
    return *this;
  }

  void replace(T value) {
    const MutexLock lock(mutex_);
    values_.push_back(std::move(value));
    current_.store(&values_.back(), std::memory_order_release);
  }

  const T& operator*() const noexcept { return *current_.load(std::memory_order_acquire); }
  const T* operator->() const noexcept { return current_.load(std::memory_order_acquire); }
  operator const T&() const noexcept { return **this; }

 private:
  std::atomic<const T*> current_ = nullptr;
  Mutex mutex_;
  std::list<T> values_ GUARDED_BY(mutex_);  // The present one is the last.
};

}  // namespace sluice
