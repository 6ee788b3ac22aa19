// SPDX-License-Identifier: MIT
#include "protocol/rufh/rufh_fields.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::protocol::rufh {
namespace {

using Fields = std::vector<http::Header>;

http::Headers headers_of(const Fields& fields) {
  http::Headers headers;
  for (const http::Header& field : fields) {
    headers.add(field.name, field.value);
  }
  return headers;
}

Result<RufhFields> parse(const Fields& sent, std::uint64_t newest = rufh_newest) {
  const http::Headers headers = headers_of(sent);
  RufhFields fields = parse_version(headers, newest);
  const Result<> sound = parse_state(headers, fields);
  return sound ? Result<RufhFields>(fields) : fail(sound.error());
}

http::Header version(const char* number) {
  return {"Upload-Draft-Interop-Version", number};
}

TEST(RufhFields, AreRecognisedUnlessTheRequestIsInTus) {
  const auto recognised = [](const Fields& fields) {
    http::Request request;
    request.headers = headers_of(fields);
    return is_in_rufh(request);
  };
  EXPECT_TRUE(recognised({version("6")}));
  EXPECT_TRUE(recognised({version("x")}));
  EXPECT_TRUE(recognised({{"upload-complete", "?1"}}));
  EXPECT_TRUE(recognised({{"Upload-Incomplete", "?1"}}));
  EXPECT_FALSE(recognised({}));
  EXPECT_FALSE(recognised({{"Upload-Length", "5"}, {"Upload-Offset", "0"}}));
  EXPECT_FALSE(recognised({version("6"), {"Upload-Complete", "?1"}, {"Tus-Resumable", "1.0.0"}}));
}

TEST(RufhFields, FollowTheVersionThatTheRequestNames) {
  struct Case {
    Fields fields;
    std::uint64_t rules;
    bool is_spoken;
    std::optional<bool> is_complete;
  };
  const std::optional<bool> unsaid;
  for (const Case& c : {
           Case{{version("3"), {"Upload-Incomplete", "?1"}}, 3, true, false},
           Case{{version("3"), {"Upload-Incomplete", "?0"}}, 3, true, true},
           Case{{version("3"), {"Upload-Complete", "?1"}}, 3, true, unsaid},
           Case{{version("4"), {"Upload-Complete", "?1"}}, 4, true, true},
           Case{{version("6"), {"Upload-Complete", "?0"}}, 6, true, false},
           Case{{version("10"), {"Upload-Incomplete", "?0"}}, 10, true, unsaid},
           Case{{version("10")}, 10, true, unsaid},
           Case{{version("2"), {"Upload-Complete", "?1"}}, 10, false, true},
           Case{{version("11"), {"Upload-Complete", "?1"}}, 10, false, true},
           Case{{version("-6")}, 10, false, unsaid},
           Case{{version("six")}, 10, false, unsaid},
           Case{{version("6"), version("7")}, 10, false, unsaid},
           Case{{version("18446744073709551622")}, 10, false, unsaid},
           Case{{{"Upload-Complete", "?0"}}, 10, false, false},
           Case{{{"Upload-Incomplete", "?1"}}, 3, false, false},
           Case{{{"Upload-Incomplete", "?1"}, {"Upload-Complete", "?1"}}, 10, false, true},
           Case{{}, 10, false, unsaid},
       }) {
    const Result<RufhFields> fields = parse(c.fields);
    ASSERT_TRUE(fields) << fields.error().message();
    const std::string first = c.fields.empty() ? "" : c.fields.front().value;
    EXPECT_EQ(fields->rules->number, c.rules) << first;
    EXPECT_EQ(fields->is_spoken, c.is_spoken) << first;
    EXPECT_EQ(fields->is_complete, c.is_complete) << first;
  }
}

TEST(RufhFields, KnowNoVersionAboveTheNewestThatIsAllowed) {
  const Result<RufhFields> fields = parse({version("7")}, 6);
  ASSERT_TRUE(fields);
  EXPECT_TRUE(fields->names_version);
  EXPECT_FALSE(fields->is_spoken);
  EXPECT_EQ(fields->rules->number, 6U);
}

TEST(RufhFields, HoldNumbersOfBytes) {
  const Result<RufhFields> fields =
      parse({version("6"), {"Upload-Offset", "0"}, {"Upload-Length", "999999999999999"}});
  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->offset, 0U);
  EXPECT_EQ(fields->length, 999'999'999'999'999U);
}

TEST(RufhFields, AreRefusedWhereTheyBreakTheRules) {
  for (const char* name : {"Upload-Offset", "Upload-Length", "Upload-Complete"}) {
    for (const char* value :
         {"", "-1", "1.5", "?2", "\"1\"", "1000000000000000", "1, 1", "x", ":AA==:", "\xC3\xBC"}) {
      const Result<RufhFields> fields = parse({version("6"), {name, value}});
      ASSERT_FALSE(fields) << name << value;
      EXPECT_EQ(fields.error().code(), Errc::bad_request);
      EXPECT_TRUE(fields.error().message().starts_with(std::string(name) + ": expected "))
          << fields.error().message();
    }
  }
  EXPECT_FALSE(parse({version("6"), {"Upload-Complete", "1"}}));
  EXPECT_FALSE(parse({version("6"), {"Upload-Offset", "?1"}}));
}

TEST(InteropVersion, IsKnownFromTheOldestToTheNewest) {
  for (std::uint64_t number = 0; number < 20; ++number) {
    const InteropVersion* const found = find_version(number, rufh_newest);
    ASSERT_EQ(found != nullptr, number >= 3 && number <= 10) << number;
    EXPECT_TRUE(found == nullptr || found->number == number);
  }
  EXPECT_EQ(find_version(6, 5), nullptr);
}

}  // namespace
}  // namespace sluice::protocol::rufh
