// SPDX-License-Identifier: MIT
#include "protocol/creation_rates.h"

#include <gtest/gtest.h>

namespace sluice::protocol {
namespace {

using namespace std::chrono_literals;
using Seconds = std::optional<std::chrono::seconds>;

class CreationRatesTest : public ::testing::Test {
 protected:
  TokenBuckets::Time at(std::chrono::milliseconds after) const { return start_ + after; }

 private:
  const TokenBuckets::Time start_{std::chrono::hours(1000)};
};

TEST_F(CreationRatesTest, AMinutesUploadsMayComeAtOnceAndThenOneAfterTheOther) {
  CreationRates rates(3, 0);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(rates.take("a", "", at(0ms)), Seconds());
  }
  EXPECT_EQ(rates.take("a", "", at(0ms)), Seconds(20s));
  EXPECT_EQ(rates.take("a", "", at(500ms)), Seconds(20s)) << "19.5, rounded up";
  EXPECT_EQ(rates.take("a", "", at(19s)), Seconds(1s)) << "to be refused costs nothing";
  EXPECT_EQ(rates.take("b", "", at(19s)), Seconds());
  EXPECT_EQ(rates.take("a", "", at(20s)), Seconds());
  EXPECT_EQ(rates.take("a", "", at(20s)), Seconds(20s));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(rates.take("a", "", at(1h)), Seconds()) << "no more than a minute's is saved up";
  }
  EXPECT_EQ(rates.take("a", "", at(1h)), Seconds(20s));
}

TEST_F(CreationRatesTest, BothAddressAndOwnerCount) {
  CreationRates rates(2, 3);
  EXPECT_EQ(rates.take("a", "ann", at(0ms)), Seconds());
  EXPECT_EQ(rates.take("b", "ann", at(0ms)), Seconds());
  EXPECT_EQ(rates.take("c", "ann", at(0ms)), Seconds());
  EXPECT_EQ(rates.take("d", "ann", at(0ms)), Seconds(20s));
  EXPECT_EQ(rates.take("a", "bob", at(0ms)), Seconds());
  EXPECT_EQ(rates.take("a", "bob", at(0ms)), Seconds(30s));
  EXPECT_EQ(rates.take("e", "bob", at(0ms)), Seconds()) << "what was refused did not count for bob";
  EXPECT_EQ(rates.take("e", "bob", at(0ms)), Seconds());
  EXPECT_EQ(rates.take("f", "bob", at(0ms)), Seconds(20s));
}

TEST_F(CreationRatesTest, OtherRatesCountWhatWasOpenedBefore) {
  CreationRates rates(2, 0);
  EXPECT_EQ(rates.take("a", "", at(0ms)), Seconds());
  EXPECT_EQ(rates.take("a", "", at(0ms)), Seconds());
  rates.set_rates(1, 0);
  EXPECT_EQ(rates.take("a", "", at(0ms)), Seconds(60s));
  EXPECT_EQ(rates.take("b", "", at(0ms)), Seconds());
  EXPECT_EQ(rates.take("b", "", at(0ms)), Seconds(60s));
  rates.set_rates(0, 0);
  EXPECT_EQ(rates.take("b", "", at(0ms)), Seconds());
}

TEST_F(CreationRatesTest, WithoutABoundOrANameNothingIsRefused) {
  CreationRates unbounded(0, 0);
  CreationRates nameless(1, 1);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(unbounded.take("a", "ann", at(0ms)), Seconds());
    EXPECT_EQ(nameless.take("", "", at(0ms)), Seconds());
  }
}

TEST_F(CreationRatesTest, KnowsSoManyAndForgetsTheOneUsedLongestAgo) {
  TokenBuckets buckets(1, 3);
  for (const char* const name : {"a", "b", "c", "a", "d"}) {
    buckets.take(name, at(0ms));
  }
  EXPECT_EQ(buckets.known(), 3U);
  EXPECT_EQ(buckets.wait_for("b", at(0ms)), 0s);
  EXPECT_EQ(buckets.wait_for("a", at(0ms)), 2min);
  EXPECT_EQ(buckets.wait_for("c", at(0ms)), 1min);
  EXPECT_EQ(buckets.wait_for("d", at(59s)), 1s);
  EXPECT_EQ(buckets.wait_for("d", at(1min)), 0s);
}

}  // namespace
}  // namespace sluice::protocol
