// SPDX-License-Identifier: MIT
#include "runtime/blocking_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

#include "base/error.h"
#include "support/run.h"

namespace sluice::runtime {
namespace {

Task<bool> leaves_and_comes_back(BlockingPool& pool) {
  const auto home = std::this_thread::get_id();
  auto work = []() -> Result<std::thread::id> { return std::this_thread::get_id(); };
  const Result<std::thread::id> there = co_await offload(pool, work);
  co_return there && *there != home&& std::this_thread::get_id() == home;
}

TEST(BlockingPool, RunsElsewhereAndContinuesAtHome) {
  BlockingPool pool(2);
  EXPECT_TRUE(testing::run(leaves_and_comes_back(pool)));
}

TEST(BlockingPool, WithoutThreadsRunsInline) {
  BlockingPool pool(0);
  EXPECT_FALSE(testing::run(leaves_and_comes_back(pool)));
}

Task<Result<std::unique_ptr<int>>> moves_its_result(BlockingPool& pool) {
  auto work = [value = std::make_unique<int>(7)]() mutable -> Result<std::unique_ptr<int>> {
    return std::move(value);
  };
  co_return co_await offload(pool, std::move(work));
}

TEST(BlockingPool, TakesAndGivesMoveOnlyValues) {
  BlockingPool pool(1);
  EXPECT_EQ(**testing::run(moves_its_result(pool)), 7);
}

// Each waits until all of them are there: one thread for all would never end.
TEST(BlockingPool, JobsThatWaitForEachOtherRunSideBySide) {
  constexpr int count = 8;
  BlockingPool pool(count);
  std::latch all(count);
  auto meet = [&all]() -> Result<bool> {
    all.arrive_and_wait();
    return true;
  };
  std::vector<std::jthread> callers;
  for (int i = 0; i < count; ++i) {
    callers.emplace_back([&] { EXPECT_TRUE(testing::run(offload(pool, meet))); });
  }
}

TEST(BlockingPool, StopRunsWhatIsQueued) {
  class Counting final : public BlockingPool::Job {
   public:
    explicit Counting(std::atomic<int>& count) : count_(count) {}
    void run(std::unique_ptr<Job> /*self*/) override { ++count_; }

   private:
    std::atomic<int>& count_;
  };
  std::atomic<int> count = 0;
  BlockingPool pool(3);
  for (int i = 0; i < 1000; ++i) {
    pool.add(std::make_unique<Counting>(count));
  }
  pool.stop();
  EXPECT_EQ(count, 1000);
}

}  // namespace
}  // namespace sluice::runtime
