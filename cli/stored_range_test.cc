// SPDX-License-Identifier: MIT
// The two fields of upload_client.h with ranges.
#include <gtest/gtest.h>

#include "cli/upload_client.h"

namespace sluice::cli {
namespace {

TEST(StoredRange, is_what_the_specification_says) {
  EXPECT_EQ(parse_stored_range("0-0"), 1U);
  EXPECT_EQ(parse_stored_range("0-4"), 5U);
  EXPECT_EQ(parse_stored_range("0-9007199254740991"), std::uint64_t{1} << 53U);
  for (const char* text :
       {"", "-", "0-", "-4", "1-4", "0-4 ", " 0-4", "bytes=0-4", "0-4/9", "0--1", "+0-4",
        "0-9007199254740992", "0-99999999999999999999", "0-4-5", "0x0-4"}) {
    SCOPED_TRACE(text);
    EXPECT_EQ(parse_stored_range(text), std::nullopt);
  }
}

TEST(ContentRange, names_pieces_and_queries) {
  EXPECT_EQ(content_range({0, 5}, 9), "bytes 0-4/9");
  EXPECT_EQ(content_range({5, 9}, 9), "bytes 5-8/9");
  EXPECT_EQ(content_range({}, 9), "bytes */9");
  EXPECT_EQ(content_range({}, 0), "bytes */0");
  EXPECT_EQ(content_range({0, 5}, std::nullopt), "bytes 0-4/*");
  EXPECT_EQ(content_range({}, std::nullopt), "bytes */*");
}

}  // namespace
}  // namespace sluice::cli
