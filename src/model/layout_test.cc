// SPDX-License-Identifier: MIT
#include "model/layout.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/limits.h"

namespace sluice::model {
namespace {

Layout sample() {
  Layout layout;
  layout.main_size = 10;
  layout.part_size = 4;
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
  Layout layout{most - 3, 4, {}};
  EXPECT_FALSE(layout.add("a", "", 4));
  EXPECT_FALSE(layout.add("a", "", std::numeric_limits<std::uint64_t>::max()));
  EXPECT_TRUE(layout.extra_files.empty());
  EXPECT_TRUE(layout.add("a", "", 3));
  EXPECT_TRUE(layout.add("b", "", 0));
  EXPECT_FALSE(layout.add("c", "", 1));
  EXPECT_EQ(layout.total_size(), most);
  EXPECT_FALSE(Layout({most + 1, 4, {}}).add("a", "", 0));
}

}  // namespace
}  // namespace sluice::model
