// SPDX-License-Identifier: MIT
#include "protocol/panda/location_request.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace sluice::protocol::panda {
namespace {

using Kind = LocationRequest::Kind;
using http::Framing;
using http::Method;

struct Head {
  const char* name;
  Method method;
  std::optional<std::string> content_type;
  std::optional<std::string> content_range;
  Framing framing;
  std::uint64_t content_length;
};

Result<LocationRequest> parse(const Head& head) {
  http::Request request;
  request.method = head.method;
  request.framing = head.framing;
  request.content_length = head.content_length;
  if (head.content_type) {
    request.headers.add("content-type", *head.content_type);
  }
  if (head.content_range) {
    request.headers.add("content-range", *head.content_range);
  }
  return parse_location_request(request);
}

constexpr const char* octets = "application/octet-stream";
constexpr const char* a_form = "multipart/form-data; boundary=xx";
const std::optional<std::string> none;

TEST(LocationRequest, TellsWhatTheClientWants) {
  struct Case {
    Head head;
    Kind kind;
  };
  for (const Case& c : {
           Case{{"piece", Method::put, octets, "bytes 0-4/9", Framing::length, 5}, Kind::piece},
           Case{{"post", Method::post, octets, "bytes 0-4/9", Framing::length, 5}, Kind::piece},
           Case{{"untyped put", Method::put, none, "bytes 0-4/9", Framing::length, 5}, Kind::piece},
           Case{{"untyped post", Method::post, none, "bytes 0-4/9", Framing::length, 5},
                Kind::piece},
           Case{{"empty type", Method::post, "", "bytes 0-4/9", Framing::length, 5}, Kind::piece},
           Case{{"odd case", Method::put, "Application/Octet-Stream; x=y", "bytes 0-4/9",
                 Framing::length, 5},
                Kind::piece},
           Case{{"chunked", Method::put, octets, "bytes 0-4/9", Framing::chunked, 0}, Kind::piece},
           Case{{"piece without bytes", Method::put, octets, "bytes 0-4/9", Framing::length, 0},
                Kind::piece},
           Case{{"empty file", Method::put, octets, "bytes 0--1/0", Framing::length, 0},
                Kind::piece},
           Case{{"whole", Method::put, octets, none, Framing::length, 5}, Kind::whole_file},
           Case{{"whole post", Method::post, octets, none, Framing::length, 5}, Kind::whole_file},
           Case{{"whole untyped", Method::put, none, none, Framing::length, 5}, Kind::whole_file},
           Case{{"whole of no readable type", Method::put, "video", none, Framing::length, 5},
                Kind::whole_file},
           Case{{"piece of no readable type", Method::post, "a b/c;", "bytes 0-4/9",
                 Framing::length, 5},
                Kind::piece},
           Case{{"piece of the file's own type", Method::put, "video/mp4", "bytes 0-4/9",
                 Framing::length, 5},
                Kind::piece},
           Case{{"piece of any type", Method::post, "application/x-www-form-urlencoded",
                 "bytes 0-4/9", Framing::length, 5},
                Kind::piece},
           Case{
               {"whole of the file's own type", Method::put, "video/mp4", none, Framing::length, 5},
               Kind::whole_file},
           Case{{"whole chunked", Method::put, none, none, Framing::chunked, 0}, Kind::whole_file},
           Case{{"empty put", Method::put, none, none, Framing::length, 0}, Kind::empty},
           Case{{"no framing", Method::post, none, none, Framing::none, 0}, Kind::empty},
           Case{{"empty of another type", Method::post, "application/x-www-form-urlencoded", none,
                 Framing::length, 0},
                Kind::empty},
           Case{{"status", Method::put, octets, "bytes */9", Framing::length, 0}, Kind::status},
           Case{{"status without framing", Method::post, octets, "bytes */9", Framing::none, 0},
                Kind::status},
           Case{{"status of the prose", Method::put, none, "bytes *", Framing::none, 0},
                Kind::status},
           Case{{"status of another type", Method::post, "application/x-www-form-urlencoded",
                 "bytes */9", Framing::length, 0},
                Kind::status},
           Case{{"status chunked", Method::put, none, "bytes */9", Framing::chunked, 0},
                Kind::status},
           Case{{"form", Method::post, a_form, none, Framing::length, 99}, Kind::form},
           Case{{"form by put", Method::put, a_form, none, Framing::chunked, 0}, Kind::form},
           Case{{"form with a piece", Method::post, a_form, "bytes 0-4/9", Framing::length, 99},
                Kind::form},
       }) {
    const Result<LocationRequest> request = parse(c.head);
    ASSERT_TRUE(request) << c.head.name << ": " << request.error().message();
    EXPECT_EQ(request->kind, c.kind) << c.head.name;
  }
}

TEST(LocationRequest, RefusesWhatCannotBeMeant) {
  struct Case {
    Head head;
    Errc code;
  };
  for (const Case& c : {
           Case{{"untyped post", Method::post, none, none, Framing::length, 5},
                Errc::unsupported_media_type},
           Case{{"post of no readable type", Method::post, "file", none, Framing::length, 5},
                Errc::unsupported_media_type},
           Case{{"another type", Method::post, "video/mp4", none, Framing::length, 5},
                Errc::unsupported_media_type},
           Case{{"urlencoded", Method::post, "application/x-www-form-urlencoded", none,
                 Framing::length, 5},
                Errc::unsupported_media_type},
           Case{{"form without boundary by put", Method::put, "multipart/form-data", none,
                 Framing::length, 5},
                Errc::bad_request},
           Case{{"form with two ends", Method::post, a_form, "bytes 5-4/9", Framing::length, 5},
                Errc::bad_request},
           Case{{"form with a question", Method::post, a_form, "bytes */9", Framing::length, 5},
                Errc::bad_request},
           Case{{"ranged form without boundary", Method::post, "multipart/form-data", "bytes 0-4/9",
                 Framing::length, 5},
                Errc::bad_request},
           Case{{"form without boundary", Method::post, "multipart/form-data", none,
                 Framing::length, 5},
                Errc::bad_request},
           Case{{"status with bytes", Method::put, octets, "bytes */9", Framing::length, 1},
                Errc::bad_request},
           Case{{"malformed", Method::put, octets, "bytes 5-4/9", Framing::length, 1},
                Errc::bad_request},
           Case{{"no unit", Method::put, octets, "0-4/9", Framing::length, 5}, Errc::bad_request},
       }) {
    const Result<LocationRequest> request = parse(c.head);
    ASSERT_FALSE(request) << c.head.name;
    EXPECT_EQ(request.error().code(), c.code) << c.head.name;
    EXPECT_NE(request.error().message().find("xpected"), std::string::npos)
        << request.error().message();
  }
}

TEST(LocationRequest, RefusesTwoContentRanges) {
  http::Request request;
  request.method = Method::put;
  request.headers.add("Content-Range", "bytes 0-4/9");
  request.headers.add("Content-Range", "bytes 0-4/9");
  EXPECT_EQ(parse_location_request(request).error().code(), Errc::bad_request);
}

TEST(LocationRequest, TellsWhoReadsRange) {
  for (const auto& [type, reads_range] : std::map<const char*, bool>{
           {octets, true},
           {"Application/Octet-Stream; x=y", true},
           {"", false},
           {"video/mp4", false},
           {"text/plain", false},
       }) {
    EXPECT_EQ(parse({"", Method::put, type, "bytes 5-8/9", Framing::length, 4})->reads_range,
              reads_range)
        << type;
  }
  EXPECT_FALSE(parse({"", Method::put, none, "bytes 5-8/9", Framing::length, 4})->reads_range);
}

TEST(LocationRequest, CarriesTheNumbersOfTheRange) {
  const auto piece = parse({"", Method::put, octets, "bytes 5-8/9", Framing::length, 4});
  const auto range = std::get<upload::Range>(piece->piece);
  EXPECT_EQ(range.begin, 5U);
  EXPECT_EQ(range.end, 9U);
  EXPECT_EQ(range.total, 9U);
  const auto form = parse({"", Method::post, a_form, "bytes 5-8/9", Framing::length, 99});
  EXPECT_EQ(std::get<upload::Range>(form->piece).begin, 5U);
  EXPECT_EQ(form->boundary, "xx");
  const auto whole = parse({"", Method::post, a_form, none, Framing::length, 99});
  EXPECT_TRUE(std::holds_alternative<upload::WholeFile>(whole->piece));
  const auto status = parse({"", Method::put, octets, "bytes */9", Framing::none, 0});
  EXPECT_EQ(status->total, 9U);
  EXPECT_EQ(parse({"", Method::put, octets, "bytes *", Framing::none, 0})->total, std::nullopt);
  EXPECT_EQ(parse({"", Method::post, a_form, none, Framing::length, 9})->boundary, "xx");
}

}  // namespace
}  // namespace sluice::protocol::panda
