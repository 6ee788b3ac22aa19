// SPDX-License-Identifier: MIT
#include "runtime/task.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>
#include <future>
#include <utility>

#include "base/check.h"
#include "runtime/event.h"
#include "runtime/timer.h"

namespace sluice::runtime {
namespace {

void log_exception(Log& log, const char* name, const std::exception_ptr& exception) noexcept {
  if (!exception) {
    return;
  }
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& e) {
    log.error("task ended by an exception", {{"task", name}, {"reason", e.what()}});
  } catch (...) {
    log.error("task ended by an exception", {{"task", name}});
  }
}

}  // namespace

TaskGroup::TaskGroup(Executor executor, Log& log) : executor_(std::move(executor)), log_(log) {}

TaskGroup::~TaskGroup() = default;

void TaskGroup::spawn(const char* name, Task<> task) {
  ++running_;
  boost::asio::co_spawn(
      executor_, std::move(task),
      [this, name](const std::exception_ptr& exception) { ended(name, exception); });
}

void TaskGroup::ended(const char* name, const std::exception_ptr& exception) noexcept {
  log_exception(log_, name, exception);
  SLUICE_CHECK(running_ > 0);
  if (--running_ == 0 && idle_) {
    idle_->set();
  }
}

Task<bool> TaskGroup::wait(Duration timeout) {
  if (running_ == 0) {
    co_return true;
  }
  idle_ = std::make_shared<Event>();
  const std::shared_ptr<Event> idle = idle_;
  co_return co_await idle->wait(timeout);
}

void start(const Executor& executor, Log& log, const char* name, Task<> task) {
  boost::asio::co_spawn(
      executor, std::move(task),
      [&log, name](const std::exception_ptr& exception) { log_exception(log, name, exception); });
}

void run_and_wait(const Executor& executor, Log& log, const char* name, Task<> task) {
  std::promise<void> ended;
  boost::asio::co_spawn(executor, std::move(task), [&](const std::exception_ptr& exception) {
    log_exception(log, name, exception);
    ended.set_value();
  });
  ended.get_future().wait();
}

Task<> sleep_for(Duration duration) {
  Timer timer(co_await boost::asio::this_coro::executor, duration);
  co_await timer.async_wait(boost::asio::deferred);
}

}  // namespace sluice::runtime
