// SPDX-License-Identifier: MIT
// Threads for calls that block (files, processes), so that no event loop waits for them.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "runtime/task.h"

namespace sluice::runtime {

class BlockingPool {
 public:
  class Job {
   public:
    virtual ~Job() = default;
    // On a thread of the pool. The job may be gone when it returns.
    virtual void run(std::unique_ptr<Job> self) = 0;
  };

  // With no threads the work runs inline, on the caller's thread: for deterministic tests.
  explicit BlockingPool(std::size_t threads);
  // Waits for the work that has begun.
  ~BlockingPool();
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  bool runs_inline() const noexcept { return threads_.empty(); }
  // From any thread, before stop(). In order, each on the first thread that is free.
  void add(std::unique_ptr<Job> job);
  // Runs what is queued, then ends the threads. offload() must not be called afterwards.
  void stop();

 private:
  struct Thread {
    std::thread thread;
    ConditionVariable woken_up;
    bool is_woken = false;  // Under the mutex of the pool.
  };

  void run(Thread& self);
  // The thread to notify when the lock is free again; null if none.
  Thread* wake() REQUIRES(mutex_);

  Mutex mutex_;
  std::deque<std::unique_ptr<Job>> jobs_ GUARDED_BY(mutex_);
  // The last to become idle, whose caches are warm, last.
  std::vector<Thread*> idle_ GUARDED_BY(mutex_);
  // A thread was woken and has not yet looked for a job.
  bool on_its_way_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::vector<Thread> threads_;
};

// Work that an offload() waits for, and what goes on with its value.
template <class Work, class Value, class Handler>
class OffloadJob final : public BlockingPool::Job {
 public:
  OffloadJob(Executor executor, Work& work, Handler handler)
      : executor_(std::move(executor)), work_(work), handler_(std::move(handler)) {}

  void run(std::unique_ptr<Job> self) override {
    value_.emplace(work_());
    // Nothing of the job stays on this thread: the event loop may end before post() returns.
    const Executor executor = executor_;
    boost::asio::post(
        executor,
        [job = std::unique_ptr<OffloadJob>(static_cast<OffloadJob*>(self.release()))]() mutable {
          Handler handler = std::move(job->handler_);
          Value value = std::move(*job->value_);
          job.reset();
          std::move(handler)(std::move(value));
        });
  }

 private:
  const Executor executor_;
  Work& work_;
  Handler handler_;
  std::optional<Value> value_;
};

// Runs `work` on the pool and continues on the caller's own executor with what it returned. `work`
// must not throw, and its references must live until this returns: it cannot be cancelled once it
// has begun.
template <class Work>
Task<std::invoke_result_t<Work&>> offload(BlockingPool& pool, Work work) {
  using Value = std::invoke_result_t<Work&>;
  static_assert(!std::is_void_v<Value>, "return a Result");
  if (pool.runs_inline()) {
    co_return work();
  }
  const Executor executor = co_await boost::asio::this_coro::executor;
  auto initiation = [&pool, &executor](auto handler, Work* blocking) {
    using Handler = decltype(handler);
    pool.add(std::make_unique<OffloadJob<Work, Value, Handler>>(executor, *blocking,
                                                                std::move(handler)));
  };
  co_return co_await boost::asio::async_initiate<const boost::asio::deferred_t, void(Value)>(
      std::move(initiation), boost::asio::deferred, &work);
}

}  // namespace sluice::runtime
