// SPDX-License-Identifier: MIT
#include "base/checked.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace sluice {
namespace {

constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();

TEST(CheckedTest, AddsWhatFits) {
  EXPECT_EQ(checked_add(most - 1, 1), most);
  EXPECT_EQ(checked_add(most, 0), most);
  EXPECT_EQ(checked_add(most, 1), std::nullopt);
  EXPECT_EQ(checked_add(most, most), std::nullopt);
  EXPECT_EQ(checked_add(std::uint32_t{1} << 31U, std::uint32_t{1} << 31U), std::nullopt);
}

TEST(CheckedTest, SubtractsWhatIsThere) {
  EXPECT_EQ(checked_subtract(most, most), 0U);
  EXPECT_EQ(checked_subtract(std::uint64_t{0}, 1), std::nullopt);
}

TEST(CheckedTest, MultipliesWhatFits) {
  EXPECT_EQ(checked_multiply(most, 1), most);
  EXPECT_EQ(checked_multiply(most, 0), 0U);
  EXPECT_EQ(checked_multiply(most / 2 + 1, 2), std::nullopt);
  EXPECT_EQ(checked_multiply(std::uint64_t{1} << 32U, std::uint64_t{1} << 32U), std::nullopt);
}

TEST(CheckedTest, SaturatesAtTheNearestValue) {
  EXPECT_EQ(saturating_add(most - 1, 3), most);
  EXPECT_EQ(saturating_add(std::uint64_t{1}, 3), 4U);
  EXPECT_EQ(saturating_multiply(most / 2 + 1, 2), most);
  EXPECT_EQ(saturating_multiply(std::uint64_t{3}, 2), 6U);
  EXPECT_EQ(saturating_subtract(std::uint64_t{1}, 3), 0U);
  EXPECT_EQ(saturating_subtract(most, 1), most - 1);
}

}  // namespace
}  // namespace sluice
