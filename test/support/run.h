// SPDX-License-Identifier: MIT
// Runs a coroutine to its end in a test, on an event loop of its own.
#pragma once

#include <boost/asio/io_context.hpp>
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
  return run_in(context, std::move(task));
}

}  // namespace sluice::testing
