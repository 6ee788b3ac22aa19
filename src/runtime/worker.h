// SPDX-License-Identifier: MIT
// One event loop. Connections live on the worker that accepted them.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <string>
#include <thread>

#include "base/log.h"
#include "runtime/deadline.h"
#include "runtime/task.h"

namespace sluice::runtime {

class Worker {
 public:
  Worker(std::string name, Log& log);
  // Stops the loop and joins its thread; suspended coroutines are destroyed where they stand.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Stops the loop and joins its thread. Nothing of this worker runs afterwards; its coroutine
  // frames still exist until it is destroyed.
  void stop();

  Executor executor() { return context_.get_executor(); }
  boost::asio::io_context& context() noexcept { return context_; }
  DeadlineSweeper& deadlines() noexcept { return deadlines_; }

 private:
  DeadlineSweeper deadlines_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;
};

}  // namespace sluice::runtime
