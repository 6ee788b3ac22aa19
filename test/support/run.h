// SPDX-License-Identifier: MIT
// Runs a coroutine to its end in a test, on an event loop of its own.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <optional>
#include <utility>

#include "runtime/task.h"

namespace sluice::testing {

// Drives `context` until `done` is true. A test that cannot go on within a minute is aborted with a
// message.
void drive(boost::asio::io_context& context, const bool& done);
// Starts `task` on `context`; sets `done` and `exception` at its end.
void start_in(boost::asio::io_context& context, runtime::Task<> task, bool& done,
              std::exception_ptr& exception);

template <class T>
T run_in(boost::asio::io_context& context, runtime::Task<T> task) {
  bool done = false;
  std::exception_ptr exception;
  if constexpr (std::is_void_v<T>) {
    start_in(context, std::move(task), done, exception);
    drive(context, done);
    if (exception) {
      std::rethrow_exception(exception);
    }
  } else {
    std::optional<T> value;
    const auto store = [](runtime::Task<T> inner, std::optional<T>* out) -> runtime::Task<> {
      out->emplace(co_await std::move(inner));
    };
    start_in(context, store(std::move(task), &value), done, exception);
    drive(context, done);
    if (exception) {
      std::rethrow_exception(exception);
    }
    return std::move(*value);
  }
}

template <class T>
T run(runtime::Task<T> task) {
  boost::asio::io_context context(1);
  // With a timer the loop sleeps in epoll. Without one it would sleep on a condition variable,
  // which a thread that posts to it signals after it has let go of the lock: perhaps when this
  // context is gone.
  const boost::asio::steady_timer sleeps_in_epoll(context);
  return run_in(context, std::move(task));
}

}  // namespace sluice::testing
