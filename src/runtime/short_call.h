// SPDX-License-Identifier: MIT
// Calls that may block and hardly ever do, such as a write that the page cache takes: made on the
// event loop's own thread, since the way to another thread and back costs more than the call.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <type_traits>
#include <utility>

#include "runtime/blocking_pool.h"
#include "runtime/worker.h"

namespace sluice::runtime {

// A handler of its own: where the loop is lost, no code may follow on this thread that believes to
// be on it.
template <class Job>
struct ShortCall {
  Worker& worker;
  BlockingPool& pool;
  std::unique_ptr<Job> job;

  void operator()() {
    if (!worker.begin_call()) {
      pool.add(std::move(job));
      return;
    }
    job->call();
    if (worker.end_call()) {
      Job::go_on(std::move(job));
    } else {
      Job::go_on_at_home(std::move(job));
    }
  }
};

// As offload(), but on the caller's own thread while that worker can bear it (Worker::begin_call),
// and on the pool else. For work that takes no lock which is held over a wait.
template <class Work>
Task<std::invoke_result_t<Work&>> short_call(BlockingPool& pool, Work work) {
  using Value = std::invoke_result_t<Work&>;
  Worker* const worker = Worker::current();
  if (pool.runs_inline() || worker == nullptr) {
    co_return co_await offload(pool, std::move(work));
  }
  auto initiation = [&pool, worker](auto handler, Work* call) {
    using Job = OffloadJob<Work, Value, decltype(handler)>;
    const Executor executor = worker->executor();
    boost::asio::post(
        executor,
        ShortCall<Job>{*worker, pool, std::make_unique<Job>(executor, *call, std::move(handler))});
  };
  co_return co_await boost::asio::async_initiate<const boost::asio::deferred_t, void(Value)>(
      std::move(initiation), boost::asio::deferred, &work);
}

// For work of which some is short: short_call() or offload().
template <class Work>
Task<std::invoke_result_t<Work&>> short_call_if(bool is_short, BlockingPool& pool, Work work) {
  return is_short ? short_call(pool, std::move(work)) : offload(pool, std::move(work));
}

}  // namespace sluice::runtime
