// SPDX-License-Identifier: MIT
#include "cli/content_type.h"

#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

TEST(ContentType, IsThatOfTheEnding) {
  EXPECT_EQ(content_type_of("holiday.mp4"), "video/mp4");
  EXPECT_EQ(content_type_of("HOLIDAY.MOV"), "video/quicktime");
  EXPECT_EQ(content_type_of("a.tar.gz"), "application/gzip");
  EXPECT_EQ(content_type_of("a.3gp"), "video/3gpp");
  EXPECT_EQ(content_type_of("a.zst"), "application/zstd");
}

TEST(ContentType, IsNotGuessedWithoutAKnownEnding) {
  for (const char* name : {"", "mp4", ".mp4", "a.", "a.mp4x", "a.mp", "a mp4", "a.mp4."}) {
    EXPECT_EQ(content_type_of(name), "") << name;
  }
}

}  // namespace
}  // namespace sluice::cli
