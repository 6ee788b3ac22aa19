// SPDX-License-Identifier: MIT
#include "base/encoding.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/random.h"

namespace sluice {
namespace {

// RFC 4648 10, without the padding.
TEST(Encoding, Base64UrlMatchesTheRfc) {
  EXPECT_EQ(to_base64url(as_bytes("")), "");
  EXPECT_EQ(to_base64url(as_bytes("f")), "Zg");
  EXPECT_EQ(to_base64url(as_bytes("fo")), "Zm8");
  EXPECT_EQ(to_base64url(as_bytes("foobar")), "Zm9vYmFy");
  EXPECT_EQ(to_base64url(as_bytes("\xFB\xFF")), "-_8");
}

TEST(Encoding, Base64IsStrict) {
  for (const char* text :
       {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy", "AAA=", "+/8="}) {
    const std::optional<std::string> bytes = from_base64(text);
    ASSERT_TRUE(bytes) << text;
    EXPECT_EQ(to_base64(as_bytes(*bytes)), text);
  }
  EXPECT_EQ(from_base64("Zm9vYg=="), "foob");
  EXPECT_EQ(from_base64("AA=="), std::string(1, '\0'));
  for (const char* text :
       {"Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", " Zg==", "Zg== ", "Zg==\n", "Zm9v\n\n\n\n",
        "Z g=", "-_8=", "====", "=Zg=", "Zg==Zg==", "Z\xC3\xA9="}) {
    EXPECT_FALSE(from_base64(text)) << text;
  }
}

TEST(Encoding, TokensAreLongUrlSafeAndDifferent) {
  const std::string token = random_token();
  EXPECT_EQ(token.size(), 43U);
  EXPECT_TRUE(is_base64url(token));
  EXPECT_NE(token, random_token());
}

TEST(Encoding, IdsAreShortUrlSafeAndDifferent) {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = random_id();
    EXPECT_EQ(id.size(), 12U);
    EXPECT_TRUE(is_base64url(id));
    ids.insert(id);
  }
  EXPECT_EQ(ids.size(), 1000U);
}

TEST(Encoding, PercentDecodingIsStrict) {
  EXPECT_EQ(percent_decode("a%20b+c", false), "a b+c");
  EXPECT_EQ(percent_decode("a%20b+c", true), "a b c");
  EXPECT_EQ(percent_decode("%e2%99%A5", false), "\xE2\x99\xA5");
  EXPECT_EQ(percent_decode("%00", false), std::string(1, '\0'));
  for (const char* broken : {"%", "%2", "%zz", "a%2"}) {
    EXPECT_FALSE(percent_decode(broken, false)) << broken;
  }
}

TEST(Encoding, PercentEncodingKeepsOnlyUnreserved) {
  EXPECT_EQ(percent_encode("a-._~/ \xE2"), "a-._~%2F%20%E2");
}

TEST(Encoding, InvalidUtf8IsReplacedByteByByte) {
  EXPECT_EQ(to_valid_utf8("ok \xE2\x99\xA5"), "ok \xE2\x99\xA5");
  EXPECT_EQ(to_valid_utf8("\xFF"), "\xEF\xBF\xBD");
  EXPECT_EQ(to_valid_utf8("\xE2\x99"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(to_valid_utf8("\xC0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(to_valid_utf8("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(to_valid_utf8(std::string_view("\0", 1)), std::string(1, '\0'));
}

TEST(Encoding, QuotedTextIsPrintableAndShort) {
  EXPECT_EQ(in_quotes("a b"), "\"a b\"");
  EXPECT_EQ(in_quotes("\r\n\"\\\xFF"), R"("\x0D\x0A\x22\x5C\xFF")");
  EXPECT_EQ(in_quotes(std::string(100, 'x')), '"' + std::string(100, 'x') + '"');
  EXPECT_EQ(in_quotes(std::string(101, 'x')), '"' + std::string(100, 'x') + "...\"");
}

TEST(Encoding, CaseAndSpaceFollowHttp) {
  EXPECT_TRUE(equals_ignoring_case("Content-Range", "content-rANGE"));
  EXPECT_FALSE(equals_ignoring_case("a", "ab"));
  EXPECT_EQ(trimmed(" \tx y\t "), "x y");
}

TEST(Encoding, ShortDigestIsTheHeadOfSha256) {
  EXPECT_EQ(short_digest("abc"), "ba7816bf8f01cfea414140de5dae2223");
}

}  // namespace
}  // namespace sluice
