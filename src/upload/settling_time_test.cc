// SPDX-License-Identifier: MIT
#include "upload/settling_time.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/limits.h"

namespace sluice::upload {
namespace {

using std::chrono::seconds;

TEST(SettlingTime, ASilentSenderIsWaitedForUntilItsBytesAreWorthASync) {
  constexpr std::uint64_t least = limits::checkpoint_bytes_of_silent;
  EXPECT_EQ(silence_before_settling({}), Duration::max());
  EXPECT_EQ(silence_before_settling({least, seconds(0)}), seconds(1));
  EXPECT_EQ(silence_before_settling({least - 1, seconds(0)}), seconds(60));
  EXPECT_EQ(silence_before_settling({1, seconds(59)}), seconds(1));
  EXPECT_EQ(silence_before_settling({1, seconds(100)}), seconds(1));
}

// When a sender that brings so many bytes in each tenth of a second has them settled.
std::vector<seconds> settled_at(std::uint64_t bytes_at_once, seconds end) {
  std::vector<seconds> times;
  Unsettled unsettled;
  for (Duration now{0}; now <= end; now += Duration(100)) {
    unsettled.bytes += bytes_at_once;
    EXPECT_GT(silence_before_settling(unsettled), Duration(100)) << "it is not silent";
    if (is_settling_due(unsettled)) {
      times.push_back(std::chrono::floor<seconds>(now));
      unsettled = Unsettled();
    } else {
      unsettled.age += Duration(100);
    }
  }
  return times;
}

TEST(SettlingTime, ASteadySenderIsSettledAsOftenAsItsPaceIsWorth) {
  EXPECT_EQ(settled_at(1, seconds(125)), (std::vector{seconds(60), seconds(120)}));
  EXPECT_EQ(settled_at(2 * limits::KiB, seconds(65)), (std::vector{seconds(51)}));
  EXPECT_EQ(settled_at(10 * limits::KiB, seconds(35)),
            (std::vector{seconds(10), seconds(20), seconds(30)}));
  EXPECT_EQ(settled_at(limits::checkpoint_bytes / 8, seconds(2)),
            (std::vector{seconds(0), seconds(1)}));
}

}  // namespace
}  // namespace sluice::upload
