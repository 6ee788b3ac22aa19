// SPDX-License-Identifier: MIT
#include "runtime/short_call.h"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <chrono>
#include <functional>
#include <latch>
#include <thread>

#include "base/error.h"
#include "base/limits.h"
#include "runtime/worker.h"
#include "support/run.h"

namespace sluice::runtime {
namespace {

class ShortCalls : public ::testing::Test {
 protected:
  // What a coroutine on the loop finds out; its tests are made on this thread.
  void on_loop(Task<> task) { run_and_wait(worker_.executor(), log_, "test", std::move(task)); }

  Task<std::thread::id> call(std::function<void()> work = [] {}) {
    auto measured = [work = std::move(work)]() -> Result<std::thread::id> {
      work();
      return std::this_thread::get_id();
    };
    const Result<std::thread::id> where = co_await short_call(pool_, std::move(measured));
    co_return *where;
  }

  // The handler comes to the queue when the one before the call runs, so behind the call.
  void run_behind_call(std::function<void()> handler) {
    boost::asio::post(worker_.executor(), [this, handler = std::move(handler)]() mutable {
      boost::asio::post(worker_.executor(), std::move(handler));
    });
  }

  // Until both threads of the worker are there.
  Task<> wait_for_the_watcher() {
    while (co_await call() != std::this_thread::get_id()) {
    }
  }

  // Blocks until the loop has run another handler, which another thread must have done.
  Task<std::thread::id> call_that_loses_the_loop() {
    std::latch has_run(1);
    run_behind_call([&has_run] { has_run.count_down(); });
    co_return co_await call([&has_run] { has_run.wait(); });
  }

  NullLog log_;
  BlockingPool pool_{1};
  Worker worker_{"test", log_};
};

TEST_F(ShortCalls, StayOnTheThreadOfTheirLoop) {
  const auto task = [this]() -> Task<> {
    // A thread that gets no processor meanwhile loses the loop as one whose call blocks; until it
    // is back the pool makes the calls.
    bool is_loop_lost = false;
    for (int i = 0; i < 1000; ++i) {
      const std::thread::id home = std::this_thread::get_id();
      const auto began = std::chrono::steady_clock::now();
      const std::thread::id made_on = co_await call();
      const auto lasted = std::chrono::steady_clock::now() - began;
      if (std::this_thread::get_id() != home) {
        EXPECT_GE(lasted, limits::loop_watch_interval);
        is_loop_lost = true;
      } else if (made_on != home) {
        EXPECT_TRUE(is_loop_lost);
      } else {
        is_loop_lost = false;
      }
    }
    EXPECT_EQ(Worker::current(), &worker_);
  };
  on_loop(task());
}

TEST_F(ShortCalls, OneThatBlocksLosesTheLoopToTheOtherThread) {
  const auto task = [this]() -> Task<> {
    for (int i = 0; i < 10; ++i) {
      co_await wait_for_the_watcher();
      const std::thread::id home = std::this_thread::get_id();
      EXPECT_EQ(co_await call_that_loses_the_loop(), home);
      EXPECT_NE(std::this_thread::get_id(), home);
      EXPECT_EQ(Worker::current(), &worker_);
    }
  };
  on_loop(task());
}

TEST_F(ShortCalls, AreWatchedAgainAfterTheWatcherDozed) {
  const auto task = [this]() -> Task<> {
    co_await sleep_for(limits::loop_watch_time + 5 * limits::loop_watch_interval);
    co_await call_that_loses_the_loop();
  };
  on_loop(task());
}

// With both threads of the worker in calls nobody would be left for its loop.
TEST_F(ShortCalls, GoToThePoolWhileAThreadIsAway) {
  std::latch second_is_done(1);
  std::thread::id first_was_on;
  std::thread::id second_was_on;
  const auto second = [&, this]() -> Task<> {
    second_was_on = co_await call();
    EXPECT_NE(second_was_on, std::this_thread::get_id());
    second_is_done.count_down();
  };
  const auto task = [&, this]() -> Task<> {
    TaskGroup tasks(worker_.executor(), log_);
    run_behind_call([&] { tasks.spawn("second", second()); });
    first_was_on = co_await call([&] { second_is_done.wait(); });
    EXPECT_TRUE(co_await tasks.wait(std::chrono::minutes(1)));
  };
  on_loop(task());
  EXPECT_NE(first_was_on, second_was_on);
}

// Plain numbers, for the thread sanitizer to see.
TEST_F(ShortCalls, LeaveHandlersToRunOneAfterTheOther) {
  int turns = 0;
  const auto one = [&, this](bool blocks) -> Task<> {
    for (int i = 0; i < 50; ++i) {
      ++turns;
      if (blocks && i % 10 == 0) {
        co_await call_that_loses_the_loop();
      } else {
        co_await call();
      }
      ++turns;
    }
  };
  const auto task = [&, this]() -> Task<> {
    TaskGroup tasks(worker_.executor(), log_);
    for (int i = 0; i < 8; ++i) {
      tasks.spawn("one", one(i % 2 == 0));
    }
    EXPECT_TRUE(co_await tasks.wait(std::chrono::minutes(1)));
  };
  on_loop(task());
  EXPECT_EQ(turns, 800);
}

TEST_F(ShortCalls, AreMadeOnThePoolByOtherThreads) {
  EXPECT_EQ(Worker::current(), nullptr);
  EXPECT_NE(testing::run(call()), std::this_thread::get_id());
}

}  // namespace
}  // namespace sluice::runtime
