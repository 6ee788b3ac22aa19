// SPDX-License-Identifier: MIT
#include "delivery/turns.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <latch>
#include <string>
#include <vector>

#include "base/error.h"
#include "delivery/slow_work.h"
#include "support/run.h"

namespace sluice::delivery {
namespace {

using runtime::Task;

class TurnsTest : public ::testing::Test {
 protected:
  // Takes a turn for the owner, and keeps it until give_back_first().
  Task<> work(std::string owner) {
    std::shared_ptr<runtime::Event> ends = std::make_shared<runtime::Event>();
    const Turns::Turn turn = co_await turns.take(owner);
    order.push_back(owner);
    running.push_back(ends);
    co_await ends->wait(std::chrono::minutes(1));
  }
  void start(const std::string& owner) { tasks.spawn("work", work(owner)); }
  Task<> settle() {
    for (int i = 0; i < 20; ++i) {
      co_await runtime::sleep_for(Duration::zero());
    }
  }
  void give_back_first() {
    running.front()->set();
    running.erase(running.begin());
    testing::run_in(context, settle());
  }

  boost::asio::io_context context{1};
  NullLog log;
  Turns turns{2};
  std::vector<std::string> order;
  std::vector<std::shared_ptr<runtime::Event>> running;
  runtime::TaskGroup tasks{context.get_executor(), log};
};

TEST_F(TurnsTest, WhoComesBehindAThousandOfAnotherIsNext) {
  for (int i = 0; i < 1000; ++i) {
    start("greedy");
  }
  start("single");
  testing::run_in(context, settle());
  EXPECT_EQ(order, (std::vector<std::string>{"greedy", "greedy"}));
  give_back_first();
  EXPECT_EQ(order.back(), "single");
  give_back_first();
  EXPECT_EQ(order, (std::vector<std::string>{"greedy", "greedy", "single", "greedy"}));
  turns.end();
  while (!running.empty()) {
    give_back_first();
  }
  EXPECT_TRUE(testing::run_in(context, tasks.wait(std::chrono::seconds(30))));
}

TEST_F(TurnsTest, OfOneOwnerWhoCameFirstIsFirst) {
  std::vector<int> numbers;
  const auto numbered = [](Turns& of, int number, std::vector<int>& out) -> Task<> {
    const Turns::Turn turn = co_await of.take("one");
    out.push_back(number);
  };
  start("one");
  start("one");
  testing::run_in(context, settle());
  for (int i = 0; i < 3; ++i) {
    tasks.spawn("numbered", numbered(turns, i, numbers));
  }
  testing::run_in(context, settle());
  EXPECT_TRUE(numbers.empty());
  give_back_first();
  EXPECT_EQ(numbers, (std::vector{0, 1, 2}));
  give_back_first();
}

TEST(SlowWork, OneOwnersCallsDoNotKeepAnothersFromTheirTurn) {
  SlowWork slow_work(1);
  boost::asio::io_context context(1);
  NullLog log;
  runtime::TaskGroup tasks(context.get_executor(), log);
  std::latch released(1);
  std::vector<std::string> order;
  const auto call = [](SlowWork& of, std::string owner, std::latch& gate,
                       std::vector<std::string>& out) -> Task<> {
    auto work = [&gate]() -> Result<int> {
      gate.wait();
      return 1;
    };
    (void)co_await of.run(owner, work);
    out.push_back(owner);
  };
  for (const char* owner : {"greedy", "greedy", "greedy", "greedy", "single"}) {
    tasks.spawn("call", call(slow_work, owner, released, order));
  }
  const auto release = [](std::latch& gate) -> Task<> {
    co_await runtime::sleep_for(Duration::zero());
    gate.count_down();
  };
  testing::run_in(context, release(released));
  EXPECT_TRUE(testing::run_in(context, tasks.wait(std::chrono::seconds(30))));
  EXPECT_EQ(order, (std::vector<std::string>{"greedy", "single", "greedy", "greedy", "greedy"}));
}

}  // namespace
}  // namespace sluice::delivery
