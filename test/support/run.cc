// SPDX-License-Identifier: MIT
#include "support/run.h"

#include <boost/asio/co_spawn.hpp>
#include <chrono>

#include "base/check.h"

namespace sluice::testing {

void drive(boost::asio::io_context& context, const bool& done) {
  const auto give_up_at = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  context.restart();
  while (!done) {
    context.run_one_for(std::chrono::milliseconds(100));
    context.restart();
    const bool in_time = std::chrono::steady_clock::now() < give_up_at;
    SLUICE_CHECK(in_time);
  }
}

void start_in(boost::asio::io_context& context, runtime::Task<> task, bool& done,
              std::exception_ptr& exception) {
  boost::asio::co_spawn(context, std::move(task), [&](std::exception_ptr ended_by) {
    exception = std::move(ended_by);
    done = true;
  });
}

}  // namespace sluice::testing
