// SPDX-License-Identifier: MIT
// Deadlines for many slow connections: one timer per worker sweeps them all, so that arming one
// costs a store.
#pragma once

#include <boost/intrusive/list.hpp>
#include <chrono>
#include <functional>

#include "runtime/task.h"

namespace sluice::runtime {

class DeadlineSweeper;

// Calls back once when the armed time has passed; late by at most DeadlineSweeper::period. Lives
// and is used on its worker's thread and must be gone before the sweeper.
class Deadline : public boost::intrusive::list_base_hook<> {
 public:
  Deadline(DeadlineSweeper& sweeper, std::function<void()> expired);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  void arm(Duration timeout) noexcept;
  void disarm() noexcept;

 private:
  friend class DeadlineSweeper;

  std::chrono::steady_clock::time_point expires_at_ = std::chrono::steady_clock::time_point::max();
  DeadlineSweeper& sweeper_;
  std::function<void()> expired_;
};

class DeadlineSweeper {
 public:
  static constexpr Duration period{200};

  // Fires what has expired. Called by run() and by tests.
  void sweep(std::chrono::steady_clock::time_point now);
  // Sweeps for ever on the calling coroutine's executor.
  Task<> run();

 private:
  friend class Deadline;

  boost::intrusive::list<Deadline, boost::intrusive::constant_time_size<false>> deadlines_;
};

}  // namespace sluice::runtime
