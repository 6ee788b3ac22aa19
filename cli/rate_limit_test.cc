// SPDX-License-Identifier: MIT
#include "cli/rate_limit.h"

#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(RateLimit, is_the_same_for_all_together) {
  const RateLimit::Time start = std::chrono::steady_clock::now();
  RateLimit limit(1000);
  std::size_t taken = 0;
  for (int i = 1; i <= 1000; ++i) {
    const RateLimit::Time now = start + milliseconds(10 * i);
    taken += limit.take_now(7, now) + limit.take_now(1'000'000, now);
  }
  EXPECT_LE(taken, 10'000U);
  EXPECT_GE(taken, 9'900U);
}

TEST(RateLimit, does_not_make_up_for_an_idle_time) {
  RateLimit limit(1000);
  const RateLimit::Time now = std::chrono::steady_clock::now() + seconds(60);
  EXPECT_EQ(limit.take_now(1'000'000, now), 100U);
  EXPECT_EQ(limit.take_now(1'000'000, now), 0U);
}

TEST(RateLimit, lets_a_byte_through_however_slow_it_is) {
  RateLimit limit(1);
  EXPECT_EQ(limit.take_now(10, std::chrono::steady_clock::now() + seconds(2)), 1U);
}

TEST(RateLimit, ends_with_the_wish_to_go_on) {
  RateLimit limit(1);
  EXPECT_EQ(limit.take(10, [] { return false; }), 0U);
}

}  // namespace
}  // namespace sluice::cli
