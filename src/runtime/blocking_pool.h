// SPDX-License-Identifier: MIT
// Threads for calls that block (files, processes), so that no event loop ever does.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "runtime/task.h"

namespace sluice::runtime {

class BlockingPool {
 public:
  // With no threads the work runs inline, on the caller's thread: for deterministic tests.
  explicit BlockingPool(std::size_t threads);
  // Waits for the work that has begun.
  ~BlockingPool();
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  bool runs_inline() const noexcept { return inline_; }
  boost::asio::thread_pool& threads() noexcept { return threads_; }
  // Runs what is queued, then ends the threads. offload() must not be called afterwards.
  void stop();

 private:
  bool inline_;
  boost::asio::thread_pool threads_;
};

// Runs `work` on the pool and continues on the caller's own executor with what it returned. `work`
// must not throw, and what it refers to must live until this returns: it cannot be cancelled once
// it has begun.
template <class Work>
Task<std::invoke_result_t<Work&>> offload(BlockingPool& pool, Work work) {
  using Value = std::invoke_result_t<Work&>;
  static_assert(!std::is_void_v<Value>, "return a Result");
  if (pool.runs_inline()) {
    co_return work();
  }
  const Executor executor = co_await boost::asio::this_coro::executor;
  auto initiation = [&pool, &executor](auto handler, Work* blocking) {
    boost::asio::post(pool.threads(), [executor, blocking, handler = std::move(handler)]() mutable {
      Value value = (*blocking)();
      boost::asio::post(executor,
                        [handler = std::move(handler), value = std::move(value)]() mutable {
                          std::move(handler)(std::move(value));
                        });
    });
  };
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<Executor>,
                                                 void(Value)>(std::move(initiation),
                                                              boost::asio::use_awaitable, &work);
}

}  // namespace sluice::runtime
