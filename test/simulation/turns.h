// SPDX-License-Identifier: MIT
// Lets other coroutines of the event loop go first: this is where requests interleave.
#pragma once

#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <cstdint>

#include "runtime/task.h"
#include "simulation/dice.h"

namespace sluice::simulation {

inline runtime::Task<> let_others_go_first() {
  const runtime::Executor executor = co_await boost::asio::this_coro::executor;
  co_await boost::asio::post(executor, boost::asio::deferred);
}

inline runtime::Task<> wait_some_turns(Dice& dice) {
  for (std::uint64_t turns = dice.below(4); turns > 1; --turns) {
    co_await let_others_go_first();
  }
}

}  // namespace sluice::simulation
