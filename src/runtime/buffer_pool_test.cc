// SPDX-License-Identifier: MIT
#include "runtime/buffer_pool.h"

#include <gtest/gtest.h>

#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <optional>
#include <vector>

#include "base/limits.h"
#include "support/run.h"

namespace sluice::runtime {
namespace {

using namespace std::chrono_literals;

Task<> take_and_note(BufferPool& pool, std::vector<int>& order, int number) {
  const Result<Buffer> buffer = co_await pool.acquire(1min);
  EXPECT_TRUE(buffer);
  order.push_back(number);
}

Task<> waits_in_line(BufferPool& pool, Log& log, std::vector<int>& order) {
  TaskGroup group(co_await boost::asio::this_coro::executor, log);
  Result<Buffer> held = co_await pool.acquire(1min);
  group.spawn("first", take_and_note(pool, order, 1));
  group.spawn("second", take_and_note(pool, order, 2));
  co_await sleep_for(1ms);
  EXPECT_TRUE(order.empty());
  held->release();
  EXPECT_TRUE(co_await group.wait(1min));
}

TEST(BufferPool, LendsTheBudgetAndNoMoreFirstComeFirstServed) {
  Gauge in_use;
  NullLog log;
  BufferPool pool(limits::buffer_bytes, in_use);
  std::vector<int> order;
  testing::run(waits_in_line(pool, log, order));
  EXPECT_EQ(order, (std::vector{1, 2}));
  EXPECT_EQ(in_use.value(), 0);
}

Task<bool> gives_up(BufferPool& pool) {
  const Result<Buffer> held = co_await pool.acquire(1min);
  const Result<Buffer> none = co_await pool.acquire(1ms);
  co_return held && !none && none.error().code() == Errc::overloaded &&
      held->bytes().size() == limits::buffer_bytes;
}

TEST(BufferPool, WaitingEndsAtItsTimeout) {
  Gauge in_use;
  BufferPool pool(1, in_use);
  EXPECT_TRUE(testing::run(gives_up(pool)));
  EXPECT_TRUE(testing::run(gives_up(pool)));
}

TEST(BufferPool, IsScarceWhenMoreThanHalfIsLent) {
  Gauge in_use;
  BufferPool pool(4 * limits::buffer_bytes, in_use);
  std::vector<Buffer> lent;
  for (const bool is_scarce : {false, false, true, true}) {
    lent.push_back(testing::run(pool.acquire(1min)).value());
    EXPECT_EQ(pool.is_scarce(), is_scarce) << lent.size();
  }
  lent.clear();
  EXPECT_FALSE(pool.is_scarce());
}

TEST(BufferPool, SparesHalfOfTheBudgetForMemoryOfItsHolders) {
  Gauge in_use;
  BufferPool pool(4 * limits::buffer_bytes, in_use);
  EXPECT_FALSE(pool.spare(3 * limits::buffer_bytes));
  std::optional<BudgetShare> share = pool.spare(limits::buffer_bytes + 1);
  ASSERT_TRUE(share);
  EXPECT_EQ(in_use.value(), 2);
  EXPECT_FALSE(pool.spare(1));
  std::vector<Buffer> lent;
  lent.push_back(testing::run(pool.acquire(1min)).value());
  lent.push_back(testing::run(pool.acquire(1min)).value());
  EXPECT_FALSE(testing::run(pool.acquire(1ms))) << "a buffer is no less lent for it";
  share.reset();
  EXPECT_EQ(in_use.value(), 2);
  EXPECT_TRUE(testing::run(pool.acquire(1ms)));
}

}  // namespace
}  // namespace sluice::runtime
