// SPDX-License-Identifier: MIT
#include "delivery/turns.h"

#include <chrono>
#include <tuple>
#include <vector>

namespace sluice::delivery {
namespace {

// Every turn has an end of its own; this only keeps the wait from being unbounded.
constexpr Duration a_long_time = std::chrono::hours(24 * 365);

}  // namespace

runtime::Task<Turns::Turn> Turns::take(std::string owner) {
  std::shared_ptr<Waiter> waiter;
  {
    const MutexLock lock(mutex_);
    if (ended_) {
      co_return Turn();
    }
    Owner& known = owners_[owner];
    if (free_ > 0) {
      --free_;
      ++known.taken;
      known.last_turn = ++turns_;
      co_return Turn(*this, std::move(owner));
    }
    waiter = std::make_shared<Waiter>();
    waiter->number = ++came_;
    known.waiting.push_back(waiter);
  }
  co_await waiter->called->wait(a_long_time);
  const MutexLock lock(mutex_);
  co_return waiter->has_place ? Turn(*this, std::move(owner)) : Turn();
}

void Turns::end() {
  std::vector<std::shared_ptr<Waiter>> waiting;
  {
    const MutexLock lock(mutex_);
    ended_ = true;
    for (auto& [name, owner] : owners_) {
      waiting.insert(waiting.end(), owner.waiting.begin(), owner.waiting.end());
      owner.waiting.clear();
    }
  }
  for (const std::shared_ptr<Waiter>& waiter : waiting) {
    waiter->called->set();
  }
}

// A place is passed on, so that it is never free for a newcomer in between.
void Turns::give_back(const std::string& owner) {
  std::shared_ptr<Waiter> next;
  {
    const MutexLock lock(mutex_);
    const auto known = owners_.find(owner);
    --known->second.taken;
    next = call_next();
    if (!next) {
      ++free_;
    }
    if (known->second.taken == 0 && known->second.waiting.empty()) {
      owners_.erase(known);
    }
  }
  if (next) {
    next->called->set();
  }
}

std::shared_ptr<Turns::Waiter> Turns::call_next() {
  Owner* chosen = nullptr;
  const auto rank = [](const Owner& owner) {
    return std::tuple(owner.taken, owner.last_turn, owner.waiting.front()->number);
  };
  for (auto& [name, owner] : owners_) {
    if (!owner.waiting.empty() && (chosen == nullptr || rank(owner) < rank(*chosen))) {
      chosen = &owner;
    }
  }
  if (chosen == nullptr) {
    return nullptr;
  }
  std::shared_ptr<Waiter> next = std::move(chosen->waiting.front());
  chosen->waiting.pop_front();
  ++chosen->taken;
  chosen->last_turn = ++turns_;
  next->has_place = true;
  return next;
}

}  // namespace sluice::delivery
