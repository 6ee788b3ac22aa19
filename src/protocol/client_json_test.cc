// SPDX-License-Identifier: MIT
#include "protocol/client_json.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace sluice::protocol {
namespace {

std::string read(std::string_view text) {
  const Result<boost::json::value> value = parse_json(tidy_json(text));
  return value ? boost::json::serialize(*value) : "(" + value.error().message() + ")";
}

TEST(ClientJson, ReadsSurrogatesThatStandAloneAsReplacementCharacters) {
  constexpr const char* lone = "\"\xEF\xBF\xBD\"";
  for (const char* const text : {R"("\ud800")", R"("\uDfFf")", "\"\xED\xA0\x80\"", "\"\xC3\""}) {
    EXPECT_NE(read(text).find("\xEF\xBF\xBD"), std::string::npos) << text;
  }
  EXPECT_EQ(read(R"("\ud800")"), lone);
  EXPECT_EQ(read(R"("\udc00\ud800")"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
  EXPECT_EQ(read(R"("\ud83d\ud83d\ude00")"), "\"\xEF\xBF\xBD\xF0\x9F\x98\x80\"");
  EXPECT_EQ(read(R"("\ud83dx")"), "\"\xEF\xBF\xBDx\"");
  EXPECT_EQ(read(R"({"\ud800":1})"), "{\"\xEF\xBF\xBD\":1}");
}

TEST(ClientJson, LeavesEverythingElseAsItIs) {
  for (const char* const text :
       {R"("\\ud800")", R"("\"\\\\ud800")", R"({"a":[1,-2,"x"],"b":null})"}) {
    EXPECT_EQ(read(text), text);
  }
  EXPECT_EQ(read(R"("\ud83d\ude00\u00e9")"), "\"\xF0\x9F\x98\x80\xC3\xA9\"");
  for (const char* const wrong :
       {"", "{", R"("\)", R"("\u)", R"("\ud8)", R"("\ud800)", R"(\ud800)"}) {
    EXPECT_TRUE(read(wrong).starts_with('(')) << wrong;
  }
}

TEST(ClientJson, SkipsAByteOrderMarkAtItsBeginning) {
  EXPECT_EQ(read("\xEF\xBB\xBF{\"a\":1}"), R"({"a":1})");
  EXPECT_TRUE(read("\xEF\xBB\xBF").starts_with('('));
  EXPECT_TRUE(read("\xEF\xBB\xBF\xEF\xBB\xBF{}").starts_with('('));
}

TEST(ClientJson, TellsIntegersHoweverTheyAreWritten) {
  const struct {
    const char* json;
    const char* text;
  } cases[] = {
      {"9", "9"},
      {"9.0", "9"},
      {"9e0", "9"},
      {"45e6", "45000000"},
      {"9007199254740992.0", "9007199254740992"},
      {"18446744073709551615", "18446744073709551615"},
      {"-0.0", "0"},
      {"-3.0", "-3"},
      {"1.5", "1.5E0"},
      {"1e300", "1E300"},
      {"\"9.0\"", "9.0"},
      {"true", "true"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(text_of(boost::json::parse(c.json)), c.text) << c.json;
  }
}

}  // namespace
}  // namespace sluice::protocol
