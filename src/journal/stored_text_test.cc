// SPDX-License-Identifier: MIT
#include "journal/stored_text.h"

#include <gtest/gtest.h>

#include <cstdint>

#include "base/limits.h"

namespace sluice::journal {
namespace {

constexpr std::uint64_t part_size = 10;

// Parts of ten bytes; the last one of each file has less.
model::Layout layout_of(std::uint64_t main_size) {
  model::Layout layout;
  layout.main_size = main_size;
  layout.part_size = part_size;
  EXPECT_TRUE(layout.add("none", "empty", 0));
  EXPECT_TRUE(layout.add("small", "small", 5));
  EXPECT_TRUE(layout.add("more", "more", 25));
  return layout;
}

RangeSet every_second_part(std::uint64_t count) {
  RangeSet stored;
  for (std::uint64_t part = 0; part < count; part += 2) {
    stored.add({part * part_size, (part + 1) * part_size});
  }
  return stored;
}

void expect_same(const RangeSet& stored, const model::Layout& layout) {
  const std::string text = stored_to_text(stored, &layout);
  EXPECT_EQ(stored_from_text(text, &layout), stored) << text;
}

TEST(StoredText, FewRangesAreWrittenAsSuch) {
  const model::Layout layout = layout_of(1000);
  RangeSet stored;
  EXPECT_EQ(stored_to_text(stored, &layout), "");
  stored.add({0, 10});
  stored.add({50, 1030});
  EXPECT_EQ(stored_to_text(stored, &layout), "0-10,50-1030");
  EXPECT_EQ(stored_to_text(every_second_part(100), nullptr), every_second_part(100).to_text());
  EXPECT_EQ(stored_from_text(every_second_part(100).to_text(), &layout), every_second_part(100))
      << "as earlier versions wrote it";
}

TEST(StoredText, ManyPartsAreBits) {
  const model::Layout layout = layout_of(395);
  RangeSet stored = every_second_part(38);
  stored.add({390, 400});  // The last part of the main file and all of a small one.
  EXPECT_EQ(stored_to_text(stored, &layout), "parts:55555555591" + std::string(";"));
  expect_same(stored, layout);
}

TEST(StoredText, WhatIsNoWholePartStandsBehindThem) {
  const model::Layout layout = layout_of(395);
  RangeSet stored = every_second_part(38);
  stored.add({13, 15});
  stored.add({37, 52});
  stored.add({420, 425});
  expect_same(stored, layout);
  const std::string text = stored_to_text(stored, &layout);
  EXPECT_EQ(text.substr(text.find(';') + 1), "13-15,37-40,50-52");
  EXPECT_EQ(broken_part_count(stored, layout), 3U) << "420-425 is the last part of a file";
  stored.add({425, 500});
  expect_same(stored, layout);
}

TEST(StoredText, TenThousandPartsTakeThreeKilobytes) {
  const model::Layout layout = layout_of(limits::part_count_max * part_size);
  const RangeSet stored = every_second_part(limits::part_count_max);
  EXPECT_GT(stored.to_text().size(), 50'000U);
  EXPECT_LT(stored_to_text(stored, &layout).size(), 3'000U);
  expect_same(stored, layout);
}

TEST(StoredText, OthersAreRefused) {
  const model::Layout layout = layout_of(395);
  const std::string good = stored_to_text(every_second_part(38), &layout);
  ASSERT_TRUE(stored_from_text(good, &layout));
  EXPECT_FALSE(stored_from_text(good, nullptr));
  for (const char* const text :
       {"parts:", "parts:;", "parts:5555555550", "parts:55555555550;x", "parts:5555555555g;",
        "parts:555555555555;", "parts:5555555555f;5-3", "Parts:55555555555;"}) {
    EXPECT_FALSE(stored_from_text(text, &layout)) << text;
  }
  model::Layout endless = layout_of(limits::file_size_max - 30);
  EXPECT_FALSE(stored_from_text("parts:5;", &endless));
  expect_same(every_second_part(100), endless);
}

}  // namespace
}  // namespace sluice::journal
