// SPDX-License-Identifier: MIT
#include "http/urlencoded.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace sluice::http {
namespace {

TEST(Urlencoded, FieldsComeInOrder) {
  struct Row {
    std::string_view text;
    std::vector<FormField> fields;
  };
  const Row rows[] = {
      {"", {}},
      {"&&", {}},
      {"file_size=9&file_name=a.mp4", {{"file_size", "9"}, {"file_name", "a.mp4"}}},
      {"a=1&a=2&", {{"a", "1"}, {"a", "2"}}},
      {"&&a=1&&b", {{"a", "1"}, {"b", ""}}},
      {"a=", {{"a", ""}}},
      {"=v", {{"", "v"}}},
      {"a=b=c", {{"a", "b=c"}}},
      {"a+b=c+d%2B", {{"a b", "c d+"}}},
      {"%66ile=%e2%99%A5%00", {{"file", std::string("\xE2\x99\xA5\0", 4)}}},
      {"a%26b%3Dc=%25", {{"a&b=c", "%"}}},
      {"a=\xFF", {{"a", "\xFF"}}},
  };
  for (const Row& row : rows) {
    const auto fields = parse_urlencoded(row.text);
    ASSERT_TRUE(fields) << row.text;
    EXPECT_EQ(*fields, row.fields) << row.text;
  }
}

TEST(Urlencoded, BrokenEscapesAreRefused) {
  for (const std::string_view text : {"%", "a=%", "a=%2", "a=%zz", "a%=1", "ok=1&b=%G0"}) {
    const auto fields = parse_urlencoded(text);
    ASSERT_FALSE(fields) << text;
    EXPECT_EQ(fields.error().code(), Errc::bad_request);
    EXPECT_NE(fields.error().message().find('%'), std::string::npos);
  }
}

TEST(Urlencoded, TheNumberOfFieldsIsBounded) {
  std::string text;
  for (std::size_t i = 0; i < limits::form_field_count_max; ++i) {
    text += "a=1&&";
  }
  ASSERT_TRUE(parse_urlencoded(text));
  EXPECT_EQ(parse_urlencoded(text)->size(), limits::form_field_count_max);
  const auto more = parse_urlencoded(text + "b");
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code(), Errc::bad_request);
}

}  // namespace
}  // namespace sluice::http
