// SPDX-License-Identifier: MIT
#include "runtime/blocking_pool.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

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

}  // namespace
}  // namespace sluice::runtime
