// SPDX-License-Identifier: MIT
#include "config/backend_types.h"

#include <gtest/gtest.h>

namespace sluice::config {
namespace {

using Names = std::vector<std::string>;

TEST(HeaderNames, AreReadInLowerCaseAndOnce) {
  EXPECT_EQ(HeaderNames::parse(""), Names());
  EXPECT_EQ(HeaderNames::parse("Authorization , user-agent,Cookie, USER-AGENT"),
            (Names{"authorization", "user-agent", "cookie"}));
  EXPECT_EQ(HeaderNames::print({"a", "b"}), "\"a, b\"");
}

TEST(HeaderNames, LeaveOutWhatIsNotTheirs) {
  for (const char* text : {"a b", "a,,b", "Host", "Content-Length", "transfer-encoding",
                           "X-Sluice-Signature", "idempotency-key", "Connection"}) {
    EXPECT_FALSE(HeaderNames::parse(text)) << text;
  }
}

TEST(BackendWords, TakeTheirWordsAlone) {
  for (const char* word : {"body", "form", "reference"}) {
    const auto mode = HandoffModeWord::parse(word);
    ASSERT_TRUE(mode) << word;
    EXPECT_EQ(HandoffModeWord::print(*mode), toml_string(word));
  }
  EXPECT_FALSE(HandoffModeWord::parse("file"));
  EXPECT_EQ(MethodWord::parse("PUT"), "PUT");
  EXPECT_FALSE(MethodWord::parse("GET"));
  EXPECT_EQ(DigestWord::parse("sha256"), true);
  EXPECT_EQ(DigestWord::parse("none"), false);
  EXPECT_FALSE(DigestWord::parse("md5"));
}

TEST(BackendUrl, NamesWhatIsWrong) {
  EXPECT_EQ(BackendUrl::parse(""), "");
  EXPECT_EQ(BackendUrl::parse("http://app/{id}"), "http://app/{id}");
  EXPECT_FALSE(BackendUrl::parse("app:3000"));
  const auto wrong = BackendUrl::parse("http://app/{what}");
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().find("\"{what}\""), std::string::npos) << wrong.error();
}

}  // namespace
}  // namespace sluice::config
