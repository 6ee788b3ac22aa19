// SPDX-License-Identifier: MIT
#include "journal/layout.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace sluice::journal {
namespace {

Layout sample() {
  Layout layout;
  layout.main_size = 10;
  layout.part_size = 4;
  layout.asked_in_json = true;
  layout.add("subtitles", "ü \"quoted\".srt", 3);
  layout.add("empty", "", 0);
  layout.add("cover", "c.jpg", 5);
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
  };
  for (const char* const text : texts) {
    EXPECT_EQ(layout_from_text(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace sluice::journal
