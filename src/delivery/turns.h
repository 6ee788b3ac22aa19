// SPDX-License-Identifier: MIT
// A number of places that owners share: where all are taken, the next free one goes to an owner who
// has the fewest, and of these to the one whose last turn is the longest ago, so that what one
// owner has waiting costs another no more than one turn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/mutex.h"
#include "runtime/event.h"
#include "runtime/task.h"

namespace sluice::delivery {

// Any thread; outlives its turns.
class Turns {
 public:
  explicit Turns(std::size_t at_once) : free_(at_once) {}
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;

  // A place, until it is destroyed.
  class [[nodiscard]] Turn {
   public:
    Turn() = default;
    Turn(Turns& turns, std::string owner) : turns_(&turns), owner_(std::move(owner)) {}
    ~Turn() {
      if (turns_ != nullptr) {
        turns_->give_back(owner_);
      }
    }
    Turn(Turn&& other) noexcept
        : turns_(std::exchange(other.turns_, nullptr)), owner_(std::move(other.owner_)) {}
    Turn& operator=(Turn&& other) noexcept {
      std::swap(turns_, other.turns_);
      std::swap(owner_, other.owner_);
      return *this;
    }

   private:
    Turns* turns_ = nullptr;  // Null: no place.
    std::string owner_;
  };

  // Waits for a place. After end() there is none.
  runtime::Task<Turn> take(std::string owner);
  // All that wait go on, without a place.
  void end();

 private:
  struct Waiter {
    std::uint64_t number = 0;  // In the order of coming.
    std::shared_ptr<runtime::Event> called = std::make_shared<runtime::Event>();
    bool has_place = false;  // Under the mutex of the turns.
  };
  struct Owner {
    std::size_t taken = 0;
    std::uint64_t last_turn = 0;  // In the order of turns.
    std::deque<std::shared_ptr<Waiter>> waiting;
  };

  void give_back(const std::string& owner);
  // Null while no request waits.
  std::shared_ptr<Waiter> call_next() REQUIRES(mutex_);

  Mutex mutex_;
  std::size_t free_ GUARDED_BY(mutex_);
  // The owners that have a place or wait for one.
  std::map<std::string, Owner> owners_ GUARDED_BY(mutex_);
  std::uint64_t came_ GUARDED_BY(mutex_) = 0;
  std::uint64_t turns_ GUARDED_BY(mutex_) = 0;
  bool ended_ GUARDED_BY(mutex_) = false;
};

}  // namespace sluice::delivery
