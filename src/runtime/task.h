// SPDX-License-Identifier: MIT
// Coroutines. Task<T> is what waits; TaskGroup is the parent that every started task has. co_spawn
// is called in task.cc and nowhere else.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <memory>

#include "base/clock.h"
#include "base/log.h"

namespace sluice::runtime {

// Every task runs on an event loop: a type that could hold any executor is six times as large, and
// each task and each wait keep several.
using Executor = boost::asio::io_context::executor_type;

template <class T = void>
using Task = boost::asio::awaitable<T, Executor>;

class Event;

// Tasks that run beside their parent. The parent waits for all of them before it destroys the group
// and what they refer to. One thread: the executor's. An exception that leaves a task is logged and
// ends that task alone.
class TaskGroup {
 public:
  TaskGroup(Executor executor, Log& log);
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // `name` is for the log and must outlive the task.
  void spawn(const char* name, Task<> task);
  // True when every task has ended, false when `timeout` passed first.
  Task<bool> wait(Duration timeout);
  std::size_t size() const noexcept { return running_; }

 private:
  void ended(const char* name, const std::exception_ptr& exception) noexcept;

  Executor executor_;
  Log& log_;
  std::size_t running_ = 0;
  std::shared_ptr<Event> idle_;
};

// Starts `task` on `executor`, from any thread, and forgets it. For the top of the program only:
// what is started here must be waited for by other means.
void start(const Executor& executor, Log& log, const char* name, Task<> task);

// Runs `task` on `executor` and blocks the calling thread, which is no worker, until it has ended.
void run_and_wait(const Executor& executor, Log& log, const char* name, Task<> task);

// Waits on the calling coroutine's own executor.
Task<> sleep_for(Duration duration);

}  // namespace sluice::runtime
