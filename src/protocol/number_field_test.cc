// SPDX-License-Identifier: MIT
#include "protocol/number_field.h"

#include <gtest/gtest.h>

#include <limits>

namespace sluice::protocol {
namespace {

Result<std::optional<std::uint64_t>> read(const char* value) {
  http::Headers headers;
  headers.add("upload-length", value);
  return number_field(headers, "Upload-Length");
}

TEST(NumberField, ReadsDecimalDigits) {
  EXPECT_EQ(*read("0"), 0U);
  EXPECT_EQ(*read(" 007\t"), 7U);
  EXPECT_EQ(*read("99999999999999999999"), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(*number_field(http::Headers(), "Upload-Length"), std::nullopt);
}

TEST(NumberField, RefusesAllElse) {
  for (const char* const value : {"", " ", "-1", "+1", "1.0", "0x1", "1 2", "one", "1,1"}) {
    const auto number = read(value);
    ASSERT_FALSE(number) << value;
    EXPECT_EQ(number.error().code(), Errc::bad_request);
    EXPECT_TRUE(number.error().message().starts_with("Upload-Length: expected")) << value;
  }
  http::Headers headers;
  headers.add("Upload-Length", "1");
  headers.add("Upload-Length", "1");
  EXPECT_FALSE(number_field(headers, "Upload-Length"));
}

}  // namespace
}  // namespace sluice::protocol
