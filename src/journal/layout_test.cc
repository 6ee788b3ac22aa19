// SPDX-License-Identifier: MIT
#include "journal/layout.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/limits.h"

namespace sluice::journal {
namespace {

Layout sample() {
  Layout layout;
  layout.main_size = 10;
  layout.part_size = 4;
  layout.asked_in_json = true;
  EXPECT_TRUE(layout.add("subtitles", "ü \"quoted\".srt", 3));
  EXPECT_TRUE(layout.add("empty", "", 0));
  EXPECT_TRUE(layout.add("cover", "c.jpg", 5));
  return layout;
}

TEST(Layout, PutsTheExtraFilesBehindTheMainFile) {
  const Layout layout = sample();
  EXPECT_EQ(layout.extra_files[0].range, (ByteRange{10, 13}));
  EXPECT_EQ(layout.extra_files[1].range, (ByteRange{13, 13}));
  EXPECT_EQ(layout.extra_files[2].range, (ByteRange{13, 18}));
  EXPECT_EQ(layout.total_size(), 18U);
  EXPECT_EQ(Layout().total_size(), 0U);
}

TEST(Layout, TakesNoFileWithWhichItsSumWouldBeTooLarge) {
  constexpr std::uint64_t most = limits::file_size_max;
  Layout layout{most - 3, 4, false, {}};
  EXPECT_FALSE(layout.add("a", "", 4));
  EXPECT_FALSE(layout.add("a", "", std::numeric_limits<std::uint64_t>::max()));
  EXPECT_TRUE(layout.extra_files.empty());
  EXPECT_TRUE(layout.add("a", "", 3));
  EXPECT_TRUE(layout.add("b", "", 0));
  EXPECT_FALSE(layout.add("c", "", 1));
  EXPECT_EQ(layout.total_size(), most);
  EXPECT_FALSE(Layout({most + 1, 4, false, {}}).add("a", "", 0));
}

TEST(Layout, IsTheSameAfterTheJournal) {
  Layout most;
  most.main_size = limits::file_size_max;
  most.part_size = limits::file_size_max;
  for (const Layout& layout : {sample(), most, Layout{0, 1, false, {}}}) {
    EXPECT_EQ(layout_from_text(layout_to_text(layout)), layout) << layout_to_text(layout);
  }
  EXPECT_EQ(layout_to_text(Layout{7, 5, false, {}}),
            R"({"main_size":7,"part_size":5,"asked_in_json":false,"extra_files":[]})");
}

TEST(Layout, IsNotReadFromAnotherText) {
  const char* const texts[] = {
      "",
      "{}",
      "[]",
      "null",
      R"({"main_size":7,"part_size":5,"asked_in_json":false})",
      R"({"main_size":7,"part_size":0,"asked_in_json":false,"extra_files":[]})",
      R"({"main_size":-7,"part_size":5,"asked_in_json":false,"extra_files":[]})",
      R"({"main_size":7.5,"part_size":5,"asked_in_json":false,"extra_files":[]})",
      R"({"main_size":"7","part_size":5,"asked_in_json":false,"extra_files":[]})",
      R"({"main_size":9007199254740993,"part_size":5,"asked_in_json":false,"extra_files":[]})",
      R"({"main_size":7,"part_size":5,"asked_in_json":0,"extra_files":[]})",
      R"({"main_size":7,"part_size":5,"asked_in_json":false,"extra_files":{}})",
      R"({"main_size":7,"part_size":5,"asked_in_json":false,"extra_files":[1]})",
      R"({"main_size":7,"part_size":5,"asked_in_json":false,"extra_files":[{"tag":"a","size":1}]})",
      R"({"main_size":7,"part_size":5,"asked_in_json":false,"extra_files":[]} x)",
      R"({"main_size":9007199254740992,"part_size":5,"asked_in_json":false,"extra_files":[)"
      R"({"tag":"a","file_name":"a","size":1}]})",
      R"({"main_size":9007199254740992,"part_size":5,"asked_in_json":false,"extra_files":[)"
      R"({"tag":"a","file_name":"a","size":18437736874454810634}]})",
  };
  for (const char* const text : texts) {
    EXPECT_EQ(layout_from_text(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace sluice::journal
