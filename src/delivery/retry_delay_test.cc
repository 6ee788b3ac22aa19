// SPDX-License-Identifier: MIT
#include "delivery/retry_delay.h"

#include <gtest/gtest.h>

#include <limits>

namespace sluice::delivery {
namespace {

using namespace std::chrono_literals;

TEST(RetryDelay, DoublesUpToTheLongest) {
  const RetryDelays delays{1s, 10s};
  EXPECT_EQ(retry_delay(delays, 1, 0.0), 500ms);
  EXPECT_EQ(retry_delay(delays, 2, 0.0), 1s);
  EXPECT_EQ(retry_delay(delays, 4, 0.0), 4s);
  EXPECT_EQ(retry_delay(delays, 5, 0.0), 5s);
  EXPECT_EQ(retry_delay(delays, std::numeric_limits<unsigned>::max(), 0.0), 5s);
}

TEST(RetryDelay, JitterStaysInTheUpperHalf) {
  const RetryDelays delays{8s, 8s};
  EXPECT_EQ(retry_delay(delays, 1, 0.0), 4s);
  EXPECT_EQ(retry_delay(delays, 1, 0.5), 6s);
  EXPECT_LT(retry_delay(delays, 1, 0.999), 8s);
}

}  // namespace
}  // namespace sluice::delivery
