// SPDX-License-Identifier: MIT
#include "journal/answer_headers.h"

#include <gtest/gtest.h>

namespace sluice::journal {
namespace {

TEST(AnswerHeaders, AreReadableJson) {
  EXPECT_EQ(answer_headers_to_text({}), "[]");
  EXPECT_EQ(answer_headers_to_text({{"Content-Type", "text/html; q=\"1\""}, {"X", ""}}),
            R"([["Content-Type","text/html; q=\"1\""],["X",""]])");
}

TEST(AnswerHeaders, KeepEveryByteAndTheOrder) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) {
    all += static_cast<char>(byte);
  }
  const decltype(model::Answer::headers) headers{{"b", all}, {"a", "\xC3\xA9"}, {"b", "\xFF"}};
  EXPECT_EQ(answer_headers_from_text(answer_headers_to_text(headers)), headers);
}

TEST(AnswerHeaders, RefuseWhatTheyDidNotWrite) {
  for (const char* text : {"", "{}", "[", "[[]]", "[1]", R"([["a"]])", R"([["a",1]])",
                           R"([["a","b","c"]])", "[[\"a\",\"\xE2\x82\xAC\"]]"}) {
    EXPECT_EQ(answer_headers_from_text(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace sluice::journal
