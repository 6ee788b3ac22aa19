// SPDX-License-Identifier: MIT
#include "http/content_range.h"

#include <gtest/gtest.h>

#include <string>

#include "base/limits.h"

namespace sluice::http {
namespace {

TEST(ContentRange, FormsOfTheSpecificationAndOfClientsAreRead) {
  struct Row {
    std::string value;
    std::optional<ByteRange> range;
    std::optional<std::uint64_t> total;
  };
  const std::string max = std::to_string(limits::file_size_max);
  const Row rows[] = {
      {"bytes 0-4/9", ByteRange{0, 5}, 9U},
      {"bytes 5-8/9", ByteRange{5, 9}, 9U},
      {"bytes 0-0/1", ByteRange{0, 1}, 1U},
      {"BYTES 0-4/9", ByteRange{0, 5}, 9U},
      {" \tbytes \t 0-4 / 9 ", ByteRange{0, 5}, 9U},
      {"bytes 007-010/011", ByteRange{7, 11}, 11U},
      // Some clients declare their last piece as long as the others.
      {"bytes 204800-307199/250000", ByteRange{204800, 307200}, 250000U},
      {"bytes 9-9/9", ByteRange{9, 10}, 9U},
      {"bytes 0-4/*", ByteRange{0, 5}, std::nullopt},
      {"bytes 0--1/0", ByteRange{0, 0}, 0U},
      {"bytes */9", std::nullopt, 9U},
      {"bytes */0", std::nullopt, 0U},
      {"bytes *", std::nullopt, std::nullopt},
      {"bytes */*", std::nullopt, std::nullopt},
      {"bytes 0-" + max + "/" + max, ByteRange{0, limits::file_size_max + 1},
       limits::file_size_max},
  };
  for (const Row& row : rows) {
    const auto parsed = parse_content_range(row.value);
    ASSERT_TRUE(parsed) << row.value;
    EXPECT_EQ(parsed->range, row.range) << row.value;
    EXPECT_EQ(parsed->total, row.total) << row.value;
  }
}

TEST(ContentRange, AnythingElseIsRefusedAndQuoted) {
  const std::string above = std::to_string(limits::file_size_max + 1);
  const std::string rows[] = {
      "",
      "bytes",
      "bytes ",
      "bytes*",
      "bytes*/9",
      "bytes0-4/9",
      "bytes=0-4/9",
      "byte 0-4/9",
      "items 0-4/9",
      "0-4/9",
      "bytes 0-4",
      "bytes 0-4/",
      "bytes /9",
      "bytes -/9",
      "bytes -4/9",
      "bytes 0-/9",
      "bytes 4-3/9",
      "bytes 0 - 4/9",
      "bytes +0-4/9",
      "bytes 0-+4/9",
      "bytes 0-4/+9",
      "bytes 0-4/-9",
      "bytes 0-4/9/9",
      "bytes 0-4/9, 5-8/9",
      "bytes 0x0-4/9",
      "bytes 0-4.5/9",
      "bytes 0--1/9",
      "bytes 0--1/*",
      "bytes 1--1/0",
      "bytes 0-4/" + above,
      "bytes 0-" + above + "/9",
      "bytes */" + above,
      "bytes 0-18446744073709551615/9",
      "bytes 0-18446744073709551616/9",
      "bytes */99999999999999999999999999",
      std::string("bytes 0-4/9\0", 12),
      "bytes 0-4/9\r\nX: y",
  };
  for (const std::string& value : rows) {
    const auto parsed = parse_content_range(value);
    ASSERT_FALSE(parsed) << value;
    EXPECT_EQ(parsed.error().code(), Errc::bad_request);
    EXPECT_NE(parsed.error().message().find("bytes FIRST-LAST/SIZE"), std::string::npos);
    EXPECT_EQ(parsed.error().message().find_first_of("\r\n"), std::string::npos);
  }
  const auto parsed = parse_content_range("bytes 4-3/9\x01" + std::string(1000, 'x'));
  ASSERT_FALSE(parsed);
  EXPECT_NE(parsed.error().message().find("\"bytes 4-3/9\\x01xxx"), std::string::npos);
  EXPECT_LT(parsed.error().message().size(), 400U);
}

TEST(ContentRange, IsOneOfARequest) {
  Headers headers;
  EXPECT_EQ(content_range_of(headers).value(), std::nullopt);
  headers.add("Content-Range", "bytes 2-4/9");
  EXPECT_EQ(content_range_of(headers).value()->range, (ByteRange{2, 5}));
  headers.add("Content-Range", "bytes 2-4/9");
  EXPECT_EQ(content_range_of(headers).error().code(), Errc::bad_request);
}

TEST(ContentRange, TellsAPartFromAFile) {
  const auto expect = [](const char* value) {
    Headers headers;
    headers.add("Content-Range", value);
    return expect_whole_file(headers).has_value();
  };
  EXPECT_TRUE(expect_whole_file({}));
  EXPECT_TRUE(expect("bytes 0-8/9"));
  EXPECT_TRUE(expect("bytes 0-99/9"));
  EXPECT_TRUE(expect("bytes 0--1/0"));
  for (const char* const part :
       {"bytes 0-7/9", "bytes 1-8/9", "bytes 0-8/*", "bytes */9", "bytes *", "none"}) {
    EXPECT_FALSE(expect(part)) << part;
  }
}

}  // namespace
}  // namespace sluice::http
