// SPDX-License-Identifier: MIT
// One event loop. Connections live on the worker that accepted them.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/log.h"
#include "runtime/deadline.h"
#include "runtime/task.h"

namespace sluice::runtime {

// Of its two threads one runs the loop and the other watches it. A call that may block is made on
// the loop's own thread between begin_call() and end_call(); where it lasts too long
// (limits::loop_watch_interval) the watcher runs the loop from then on, and the thread that called
// becomes the watcher when it has returned. So handlers still run one after the other, and a call
// that blocks costs the others of this loop some milliseconds once.
class Worker {
 public:
  Worker(std::string name, Log& log);
  // Stops the loop and joins the threads; suspended coroutines are destroyed where they stand.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Stops the loop and joins the threads. Nothing of this worker runs afterwards; its coroutine
  // frames still exist until it is destroyed.
  void stop();

  // The worker whose loop this thread runs; null on every other thread.
  static Worker* current() noexcept;

  // On the loop's thread, in a handler of its own. False where nobody watches, since the other
  // thread is in a call still: then the call has to be made elsewhere.
  bool begin_call() noexcept;
  // False where the other thread runs the loop now: then the handler has to end, and to touch
  // nothing of this loop but its executor.
  bool end_call() noexcept;

  Executor executor() { return context_.get_executor(); }
  boost::asio::io_context& context() noexcept { return context_; }
  DeadlineSweeper& deadlines() noexcept { return deadlines_; }

 private:
  // Until the loop is stopped or the other thread has taken it.
  void run_loop();
  // Until this thread has taken the loop; false when the worker stops.
  bool watch();
  void wake_watcher() noexcept;

  DeadlineSweeper deadlines_;
  // Two threads come to it. With a hint of one thread, what a handler posts would wait for its end.
  boost::asio::io_context context_{2};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;

  std::atomic<std::uint64_t> calls_ = 0;  // Their number, and behind it the state of the last one.
  std::atomic<bool> dozing_ = false;      // The watcher waits for the next call.
  std::mutex mutex_;
  std::condition_variable woken_up_;  // The watcher, by these two under the mutex:
  bool is_woken_ = false;
  bool stopping_ = false;

  std::array<std::thread, 2> threads_;
};

}  // namespace sluice::runtime
