// SPDX-License-Identifier: MIT
#include "runtime/deadline.h"

#include <gtest/gtest.h>

namespace sluice::runtime {
namespace {

using namespace std::chrono_literals;

TEST(Deadline, FiresOnceAfterItsTime) {
  DeadlineSweeper sweeper;
  int fired = 0;
  Deadline deadline(sweeper, [&] { ++fired; });
  const auto start = std::chrono::steady_clock::now();
  deadline.arm(10s);
  sweeper.sweep(start + 5s);
  EXPECT_EQ(fired, 0);
  sweeper.sweep(start + 11s);
  sweeper.sweep(start + 12s);
  EXPECT_EQ(fired, 1);
}

TEST(Deadline, DisarmedOrGoneNeverFires) {
  DeadlineSweeper sweeper;
  int fired = 0;
  Deadline kept(sweeper, [&] { ++fired; });
  {
    Deadline gone(sweeper, [&] { ++fired; });
    gone.arm(1s);
  }
  kept.arm(1s);
  kept.disarm();
  sweeper.sweep(std::chrono::steady_clock::now() + 1h);
  EXPECT_EQ(fired, 0);
}

}  // namespace
}  // namespace sluice::runtime
