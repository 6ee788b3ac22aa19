// SPDX-License-Identifier: MIT
#include "http/range_request.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::http {
namespace {

constexpr const char* etag = "\"e\"";

Request request_with(const std::vector<Header>& fields, Method method = Method::get) {
  Request request;
  request.method = method;
  for (const Header& field : fields) {
    request.headers.add(field.name, field.value);
  }
  return request;
}

// Status and range, of 10 bytes or so many.
std::string wanted(const std::vector<Header>& fields, Method method = Method::get,
                   std::uint64_t size = 10) {
  const WantedBytes bytes = wanted_bytes(request_with(fields, method), etag, size);
  return std::to_string(bytes.status) + " " + std::to_string(bytes.range.begin) + "-" +
         std::to_string(bytes.range.end);
}

TEST(RangeRequest, NamesBytes) {
  struct Case {
    const char* range;
    const char* expected;
  };
  for (const Case& c : {
           Case{"bytes=0-9", "206 0-10"},
           Case{"bytes=0-0", "206 0-1"},
           Case{"bytes=3-", "206 3-10"},
           Case{"BYTES=3-5", "206 3-6"},
           Case{"bytes= 9-99", "206 9-10"},
           Case{"bytes=-3", "206 7-10"},
           Case{"bytes=-99", "206 0-10"},
           Case{"bytes=-99999999999999999999999", "206 0-10"},
           Case{"bytes=0-99999999999999999999999", "206 0-10"},
           Case{"bytes=10-", "416 0-0"},
           Case{"bytes=10-12", "416 0-0"},
           Case{"bytes=18446744073709551615-18446744073709551615", "416 0-0"},
           Case{"bytes=99999999999999999999999-", "416 0-0"},
           Case{"bytes=-0", "416 0-0"},
           // These say nothing that counts.
           Case{"bytes=5-3", "200 0-10"},
           Case{"bytes=", "200 0-10"},
           Case{"bytes=-", "200 0-10"},
           Case{"bytes=a-b", "200 0-10"},
           Case{"bytes=+1-2", "200 0-10"},
           Case{"bytes=--1", "200 0-10"},
           Case{"bytes=0-1,3-4", "200 0-10"},
           Case{"bytes 0-1", "200 0-10"},
           Case{"lines=0-1", "200 0-10"},
           Case{"", "200 0-10"},
       }) {
    EXPECT_EQ(wanted({{"Range", c.range}}), c.expected) << c.range;
  }
  EXPECT_EQ(wanted({{"Range", "bytes=0-1"}, {"Range", "bytes=2-3"}}), "200 0-10");
  EXPECT_EQ(wanted({{"Range", "bytes=0-1"}}, Method::head), "200 0-10");
  EXPECT_EQ(wanted({}), "200 0-10");
  EXPECT_EQ(wanted({}, Method::get, 0), "200 0-0");
  EXPECT_EQ(wanted({{"Range", "bytes=0-"}}, Method::get, 0), "416 0-0");
  EXPECT_EQ(wanted({{"Range", "bytes=-1"}}, Method::get, 0), "416 0-0");
}

TEST(RangeRequest, AsksForAPartOfTheSameBytesAlone) {
  const Header range{"Range", "bytes=2-3"};
  EXPECT_EQ(wanted({range, {"If-Range", "\"e\""}}), "206 2-4");
  for (const char* other : {"\"f\"", "W/\"e\"", "Sun, 06 Nov 1994 08:49:37 GMT", "*", ""}) {
    EXPECT_EQ(wanted({range, {"If-Range", other}}), "200 0-10") << other;
  }
}

TEST(RangeRequest, NeedsNothingThatItHas) {
  for (const char* known : {"\"e\"", "W/\"e\"", "*", "\"a\", \"e\"", "\"a\",W/\"e\" , \"b\""}) {
    EXPECT_EQ(wanted({{"If-None-Match", known}}), "304 0-0") << known;
    EXPECT_EQ(wanted({{"If-None-Match", known}, {"Range", "bytes=2-3"}}), "304 0-0") << known;
    EXPECT_EQ(wanted({{"If-None-Match", known}}, Method::head), "304 0-0") << known;
  }
  for (const char* other : {"\"f\"", "e", "", ",", "\"e"}) {
    EXPECT_EQ(wanted({{"If-None-Match", other}}), "200 0-10") << other;
  }
  EXPECT_EQ(wanted({{"If-None-Match", "\"f\""}, {"If-None-Match", "\"e\""}}), "304 0-0");
}

TEST(RangeRequest, IsAnswered) {
  const Response part = range_answer({206, {2, 4}}, etag, 10);
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.headers.find("Content-Range"), "bytes 2-3/10");
  EXPECT_EQ(part.headers.find("ETag"), etag);
  EXPECT_EQ(part.headers.find("Accept-Ranges"), "bytes");
  const Response none = range_answer({416, {}}, etag, 10);
  EXPECT_EQ(none.headers.find("Content-Range"), "bytes */10");
  EXPECT_FALSE(none.headers.find("ETag"));
  EXPECT_FALSE(range_answer({200, {0, 10}}, etag, 10).headers.find("Content-Range"));
  EXPECT_EQ(range_answer({304, {}}, etag, 10).headers.find("ETag"), etag);
}

}  // namespace
}  // namespace sluice::http
