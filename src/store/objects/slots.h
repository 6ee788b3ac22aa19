// SPDX-License-Identifier: MIT
// How many may do something at once; the others wait, first come, first served.
#pragma once

#include <cstddef>
#include <list>
#include <memory>

#include "base/mutex.h"
#include "runtime/event.h"
#include "runtime/task.h"

namespace sluice::store::objects {

class Slots;

// Goes back when it is destroyed.
class Slot {
 public:
  explicit Slot(Slots& slots) : slots_(&slots) {}
  Slot(Slot&& other) noexcept;
  Slot& operator=(Slot&&) = delete;
  ~Slot();

 private:
  Slots* slots_;
};

// Any thread. Outlives its slots.
class Slots {
 public:
  explicit Slots(std::size_t count) : free_(count) {}

  runtime::Task<Slot> acquire();

 private:
  friend class Slot;
  void give_back() noexcept;

  Mutex mutex_;
  std::size_t free_ GUARDED_BY(mutex_);
  // A list, as each blob that is written has one: an empty deque has 576 bytes.
  std::list<std::shared_ptr<runtime::Event>> waiting_ GUARDED_BY(mutex_);
};

}  // namespace sluice::store::objects
