// SPDX-License-Identifier: MIT
// Something that happens once, and coroutines on any worker that wait for it.
#pragma once

#include <memory>
#include <vector>

#include "base/mutex.h"
#include "runtime/task.h"

namespace sluice::runtime {

// Any thread may set it; each waiter goes on on its own executor. Waiters keep what they wait for
// alive: hold an Event by shared_ptr when the owner may go first.
class Event {
 public:
  Event();
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void set();
  bool is_set() const;

  // True when the event is set, at once if it already is; false when `timeout` passed first.
  Task<bool> wait(Duration timeout);

 private:
  struct Waiter;

  mutable Mutex mutex_;
  bool set_ GUARDED_BY(mutex_) = false;
  std::vector<std::shared_ptr<Waiter>> waiters_ GUARDED_BY(mutex_);
};

}  // namespace sluice::runtime
