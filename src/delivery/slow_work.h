// SPDX-License-Identifier: MIT
// Calls that last as long as a file is long or a helper program takes, on threads of their own, by
// turns of their owners.
#pragma once

#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

#include "delivery/turns.h"
#include "runtime/blocking_pool.h"

namespace sluice::delivery {

// Any thread.
class SlowWork {
 public:
  // Without threads the work runs inline.
  explicit SlowWork(std::size_t threads) : pool_(threads), turns_(threads == 0 ? 1 : threads) {}

  // As runtime::offload(), when it is the owner's turn.
  template <class Work>
  runtime::Task<std::invoke_result_t<Work&>> run(std::string owner, Work work) {
    const Turns::Turn turn = co_await turns_.take(std::move(owner));
    co_return co_await runtime::offload(pool_, std::move(work));
  }

  // Waits for what has begun. run() must not be called afterwards.
  void stop() { pool_.stop(); }

 private:
  runtime::BlockingPool pool_;
  Turns turns_;
};

}  // namespace sluice::delivery
