// SPDX-License-Identifier: MIT
#include "store/objects/slots.h"

#include <utility>

#include "base/limits.h"

namespace sluice::store::objects {

Slot::Slot(Slot&& other) noexcept : slots_(std::exchange(other.slots_, nullptr)) {}

Slot::~Slot() {
  if (slots_ != nullptr) {
    slots_->give_back();
  }
}

// A slot that is given back goes to the first that waits, without being free in between.
runtime::Task<Slot> Slots::acquire() {
  const auto turn = std::make_shared<runtime::Event>();
  {
    const MutexLock lock(mutex_);
    if (free_ > 0) {
      --free_;
      co_return Slot(*this);
    }
    waiting_.push_back(turn);
  }
  while (!co_await turn->wait(limits::extent_wait_max)) {
  }
  co_return Slot(*this);
}

void Slots::give_back() noexcept {
  std::shared_ptr<runtime::Event> next;
  {
    const MutexLock lock(mutex_);
    if (waiting_.empty()) {
      ++free_;
      return;
    }
    next = std::move(waiting_.front());
    waiting_.pop_front();
  }
  next->set();
}

}  // namespace sluice::store::objects
