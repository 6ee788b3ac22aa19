// SPDX-License-Identifier: MIT
#include "journal/layout_text.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/limits.h"

namespace sluice::journal {
namespace {

model::Layout sample() {
  model::Layout layout;
  layout.main_size = 10;
  layout.part_size = 4;
  EXPECT_TRUE(layout.add("subtitles", "ü \"quoted\".srt", 3));
  EXPECT_TRUE(layout.add("empty", "", 0));
  EXPECT_TRUE(layout.add("cover", "c.jpg", 5));
  return layout;
}

TEST(LayoutText, IsTheSameAfterTheJournal) {
  model::Layout most;
  most.main_size = limits::file_size_max;
  most.part_size = limits::file_size_max;
  for (const model::Layout& layout : {sample(), most, model::Layout{0, 1, {}}}) {
    EXPECT_EQ(layout_from_text(layout_to_text(layout)), layout) << layout_to_text(layout);
  }
  EXPECT_EQ(layout_to_text(model::Layout{7, 5, {}}),
            R"({"main_size":7,"part_size":5,"extra_files":[]})");
}

TEST(LayoutText, IsNotReadFromAnotherText) {
  const char* const texts[] = {
      "",
      "{}",
      "[]",
      "null",
      R"({"main_size":7,"part_size":5})",
      R"({"main_size":7,"part_size":0,"extra_files":[]})",
      R"({"main_size":-7,"part_size":5,"extra_files":[]})",
      R"({"main_size":7.5,"part_size":5,"extra_files":[]})",
      R"({"main_size":"7","part_size":5,"extra_files":[]})",
      R"({"main_size":9007199254740993,"part_size":5,"extra_files":[]})",
      R"({"main_size":7,"part_size":5,"extra_files":{}})",
      R"({"main_size":7,"part_size":5,"extra_files":[1]})",
      R"({"main_size":7,"part_size":5,"extra_files":[{"tag":"a","size":1}]})",
      R"({"main_size":7,"part_size":5,"extra_files":[]} x)",
      R"({"main_size":9007199254740992,"part_size":5,
          "extra_files":[{"tag":"a","file_name":"a","size":1}]})",
      R"({"main_size":9007199254740992,"part_size":5,
          "extra_files":[{"tag":"a","file_name":"a","size":18437736874454810634}]})",
  };
  for (const char* const text : texts) {
    EXPECT_EQ(layout_from_text(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace sluice::journal
