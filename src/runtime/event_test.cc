// SPDX-License-Identifier: MIT
#include "runtime/event.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "support/run.h"

namespace sluice::runtime {
namespace {

using namespace std::chrono_literals;

TEST(Event, WaitsUntilAnotherThreadSetsIt) {
  Event event;
  std::jthread setter([&] { event.set(); });
  EXPECT_TRUE(testing::run(event.wait(1min)));
  EXPECT_TRUE(testing::run(event.wait(0ms)));
}

TEST(Event, SaysWhenTimeRanOut) {
  Event event;
  EXPECT_FALSE(testing::run(event.wait(1ms)));
  EXPECT_FALSE(event.is_set());
}

// The waiter's event loop ends at once; the sanitizers report a later access of the other thread.
TEST(Event, ASetterMayBeSlowerThanTheEndOfTheWaitersLoop) {
  for (int i = 0; i < 200; ++i) {
    Event event;
    std::thread setter([&event] { event.set(); });
    EXPECT_TRUE(testing::run(event.wait(1min)));
    setter.join();
  }
}

Task<> waits_for_ever(Event& event) {
  co_await event.wait(1min);
}

// The sanitizers report a timer whose event loop has ended.
TEST(Event, KeepsNothingOfAWaiterWhoseLoopHasEnded) {
  Event event;
  NullLog log;
  {
    boost::asio::io_context context(1);
    start(context.get_executor(), log, "waits", waits_for_ever(event));
    context.poll();
  }
  event.set();
  EXPECT_TRUE(event.is_set());
}

Task<> fails() {
  throw std::runtime_error("on purpose");
  co_return;
}

Task<bool> outlives_a_failing_child(Log& log) {
  TaskGroup group(co_await boost::asio::this_coro::executor, log);
  group.spawn("fails", fails());
  group.spawn("sleeps", sleep_for(1ms));
  EXPECT_EQ(group.size(), 2U);
  co_return co_await group.wait(1min);
}

TEST(TaskGroup, WaitsForAllAndSurvivesExceptions) {
  NullLog log;
  EXPECT_TRUE(testing::run(outlives_a_failing_child(log)));
}

}  // namespace
}  // namespace sluice::runtime
