// SPDX-License-Identifier: MIT
// A few connections to PostgreSQL, and threads on which they are used, so that no event loop waits
// for the server. A connection that fails is replaced by the next call that needs one: nothing else
// has to happen when the server is there again.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <expected>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "journal/postgres/connection.h"
#include "runtime/blocking_pool.h"
#include "runtime/task.h"

namespace sluice::journal::postgres {

// From any thread.
class ConnectionPool {
 public:
  // Figures and log outlive it.
  ConnectionPool(Settings settings, Metrics& metrics, Log& log);

  // Calls `work(Connection&, Deadline)`, which returns a Result, on a thread of the pool, and
  // continues on the caller's executor. `unavailable`, and nothing has happened, where there is no
  // connection before the deadline.
  template <class Work>
  runtime::Task<std::invoke_result_t<Work&, Connection&, Deadline>> run(Work work) {
    using Outcome = std::invoke_result_t<Work&, Connection&, Deadline>;
    const auto begin = std::chrono::steady_clock::now();
    auto job = [this, begin, work = std::move(work)]() mutable -> Outcome {
      Outcome outcome = call<Outcome>(work, begin + settings_.call_time);
      count(begin, outcome ? nullptr : &outcome.error());
      return outcome;
    };
    if (waiting_.fetch_add(1, std::memory_order_relaxed) >= limits::journal_queue_max) {
      waiting_.fetch_sub(1, std::memory_order_relaxed);
      co_return fail(overtaxed());
    }
    metrics_.postgres_calls_waiting.add(1);
    co_return co_await runtime::offload(threads_, std::move(job));
  }

 private:
  template <class Outcome, class Work>
  Outcome call(Work& work, Deadline deadline) {
    auto connection = take(deadline);
    if (!connection) {
      return fail(connection.error());
    }
    Outcome outcome = work(**connection, deadline);
    give_back(*std::move(connection));
    return outcome;
  }
  // One that is free, or a new one.
  Result<std::unique_ptr<Connection>> take(Deadline deadline);
  void give_back(std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> take_idle();
  static Error overtaxed();
  // `error`: null where there is none.
  void count(Deadline begin, const Error* error);
  void note_reached(bool is_reached, const std::string& reason);

  const Settings settings_;
  Metrics& metrics_;
  Log& log_;
  std::atomic<std::size_t> waiting_{0};
  std::atomic<bool> is_reached_{true};
  Mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_ GUARDED_BY(mutex_);
  runtime::BlockingPool threads_;  // Last: ends before what it works on.
};

}  // namespace sluice::journal::postgres
