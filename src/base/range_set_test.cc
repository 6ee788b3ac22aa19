// SPDX-License-Identifier: MIT
#include "base/range_set.h"

#include <gtest/gtest.h>

#include <bitset>
#include <random>

namespace sluice {
namespace {

TEST(RangeSet, MergesWhatTouchesOrOverlaps) {
  RangeSet set;
  set.add({10, 20});
  set.add({30, 40});
  set.add({20, 30});
  EXPECT_EQ(set.to_text(), "10-40");
  set.add({0, 5});
  EXPECT_EQ(set.to_text(), "0-5,10-40");
  EXPECT_EQ(set.prefix(), 5U);
  EXPECT_EQ(set.total(), 35U);
  set.add({5, 5});
  EXPECT_EQ(set.prefix(), 5U);
}

TEST(RangeSet, WhatTwoHaveInCommon) {
  const auto both = [](const char* some, const char* others) {
    return common(*RangeSet::from_text(some), *RangeSet::from_text(others)).to_text();
  };
  EXPECT_EQ(both("0-5,7-9", "3-8"), "3-5,7-8");
  EXPECT_EQ(both("3-8", "0-5,7-9"), "3-5,7-8");
  EXPECT_EQ(both("0-5", "5-9"), "");
  EXPECT_EQ(both("", "0-9"), "");
}

TEST(RangeSet, TextFormIsCanonical) {
  for (const char* text : {"", "0-1", "0-5,6-9", "5-18446744073709551615"}) {
    const auto set = RangeSet::from_text(text);
    ASSERT_TRUE(set) << text;
    EXPECT_EQ(set->to_text(), text);
  }
  for (const char* text : {"5-5", "6-5", "0-5,5-9", "0-5,3-9", "0-5,", ",0-5", "0", "a-b", "0-5 ",
                           "0-18446744073709551616", "-1-5"}) {
    EXPECT_FALSE(RangeSet::from_text(text)) << text;
  }
}

// Every operation against a plain bit per byte.
TEST(RangeSet, AgreesWithASlowOracle) {
  constexpr std::size_t size = 24;
  std::mt19937 random(20261122);
  std::uniform_int_distribution<std::uint64_t> offset(0, size);
  for (int round = 0; round < 2000; ++round) {
    RangeSet set;
    std::bitset<size> oracle;
    for (int step = 0; step < 8; ++step) {
      const std::uint64_t a = offset(random);
      const std::uint64_t b = offset(random);
      const ByteRange range{std::min(a, b), std::max(a, b)};
      const bool adds = random() % 3 != 0;
      adds ? set.add(range) : set.remove(range);
      for (std::uint64_t i = range.begin; i < range.end; ++i) {
        oracle[i] = adds;
      }
      std::uint64_t prefix = 0;
      while (prefix < size && oracle[prefix]) {
        ++prefix;
      }
      ASSERT_EQ(set.prefix(), prefix);
      ASSERT_EQ(set.total(), oracle.count());
      RangeSet holes;
      for (const ByteRange& hole : set.missing({0, size})) {
        holes.add(hole);
      }
      for (std::uint64_t i = 0; i < size; ++i) {
        ASSERT_EQ(set.contains({i, i + 1}), oracle[i]);
        ASSERT_EQ(holes.contains({i, i + 1}), !oracle[i]);
      }
      ASSERT_EQ(RangeSet::from_text(set.to_text()), set);
    }
  }
}

}  // namespace
}  // namespace sluice
