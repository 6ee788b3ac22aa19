// SPDX-License-Identifier: MIT
// Locks that clang's thread-safety analysis checks (-Wthread-safety): a member that is GUARDED_BY a
// mutex cannot be used without it. The standard library's mutex has no annotations.
#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>

#include "base/clock.h"

// Of a member: only with this mutex.
#define GUARDED_BY(mutex) __attribute__((guarded_by(mutex)))
// Of a function, also of a lambda: its caller holds this mutex.
#define REQUIRES(mutex) __attribute__((requires_capability(mutex)))
#define NO_THREAD_SAFETY_ANALYSIS __attribute__((no_thread_safety_analysis))

namespace sluice {

class __attribute__((capability("mutex"))) Mutex {
 private:
  friend class MutexLock;
  std::mutex mutex_;
};

// Holds the mutex while it lives, except between unlock() and lock(). No coroutine suspends where
// one is in scope: the compiler does not see that, clang-tidy does (misc-coroutine-hostile-raii).
class __attribute__((scoped_lockable)) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) __attribute__((acquire_capability(mutex)))
      : lock_(mutex.mutex_) {}
  ~MutexLock() __attribute__((release_capability())) = default;
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void lock() __attribute__((acquire_capability())) { lock_.lock(); }
  void unlock() __attribute__((release_capability())) { lock_.unlock(); }

 private:
  friend class ConditionVariable;
  std::unique_lock<std::mutex> lock_;
};

// As std::condition_variable. Predicates run under the lock: `[this]() REQUIRES(mutex_) { ... }`.
class ConditionVariable {
 public:
  void notify_one() noexcept { changed_.notify_one(); }
  void notify_all() noexcept { changed_.notify_all(); }

  template <class Predicate>
  void wait(MutexLock& lock, Predicate predicate) {
    changed_.wait(lock.lock_, std::move(predicate));
  }
  template <class Predicate>
  bool wait_for(MutexLock& lock, Duration timeout, Predicate predicate) {
    return changed_.wait_for(lock.lock_, timeout, std::move(predicate));
  }

 private:
  std::condition_variable changed_;
};

}  // namespace sluice
