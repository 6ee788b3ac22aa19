// SPDX-License-Identifier: MIT
#include "model/extent.h"

#include <gtest/gtest.h>

namespace sluice::model {
namespace {

using Extents = std::vector<Extent>;

RangeSet covered_by(const Extents& extents) {
  RangeSet set;
  for (const Extent& extent : extents) {
    set.add(extent.range);
  }
  return set;
}

TEST(Extent, WhatHasAnExtentKeepsIt) {
  struct Row {
    Extents there, added, rest;
  };
  const std::vector<Row> rows{
      {{}, {{{0, 9}, "a", 4}}, {{{0, 9}, "a", 4}}},
      {{{{0, 9}, "a"}}, {{{0, 9}, "b"}}, {}},
      {{{{3, 5}, "a"}}, {{{0, 9}, "b", 100}}, {{{0, 3}, "b", 100}, {{5, 9}, "b", 105}}},
      {{{{0, 3}, "a"}}, {{{2, 6}, "b"}}, {{{3, 6}, "b", 1}}},
      {{}, {{{0, 5}, "a"}, {{3, 8}, "b"}}, {{{0, 5}, "a"}, {{5, 8}, "b", 2}}},
      {{}, {{{4, 4}, "a"}}, {}},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(uncovered(row.added, covered_by(row.there)), row.rest);
  }
}

TEST(Extent, TheSameBytesAreComparedWhateverObjectsTheyLieIn) {
  const Extents whole{{{0, 9}, "a"}};
  EXPECT_TRUE(cover_the_same(whole, {{{4, 9}, "c"}, {{0, 4}, "b", 7}}));
  EXPECT_FALSE(cover_the_same(whole, {{{0, 8}, "b"}}));
  EXPECT_FALSE(cover_the_same(whole, {{{0, 9}, "b"}, {{8, 9}, "c"}})) << "a byte twice";
  EXPECT_FALSE(cover_the_same(whole, {{{0, 9}, "b"}, {{9, 9}, "c"}})) << "an extent of no byte";
  EXPECT_TRUE(cover_the_same({}, {}));
}

}  // namespace
}  // namespace sluice::model
