// SPDX-License-Identifier: MIT
#include "http/message.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <ctime>

namespace sluice::http {
namespace {

TEST(Headers, NamesCompareWithoutCaseAndOrderIsKept) {
  Headers headers;
  headers.add("Range", "0-1");
  headers.add("X-A", "1");
  headers.add("RANGE", "2-3");
  EXPECT_EQ(headers.find("range"), "0-1");
  EXPECT_EQ(headers.count("rAnGe"), 2U);
  EXPECT_EQ(headers.find("X-B"), std::nullopt);
  headers.set("range", "4-5");
  EXPECT_EQ(headers.count("Range"), 1U);
  EXPECT_EQ(headers.find("Range"), "4-5");
  ASSERT_EQ(headers.fields().size(), 2U);
  EXPECT_EQ(headers.fields()[0].name, "X-A");
}

TEST(Message, TokensAreThoseOfTheRfc) {
  EXPECT_TRUE(is_token("Content-Range"));
  EXPECT_TRUE(is_token("!#$%&'*+-.^_`|~09azAZ"));
  for (const std::string_view text : {"", "a b", "a:", "a\r", "\xC3\xA4", "a/b", "(x)"}) {
    EXPECT_FALSE(is_token(text)) << text;
  }
}

TEST(Message, EveryErrorHasAReasonPhrase) {
  for (int code = 0; code <= static_cast<int>(Errc::idle_timeout); ++code) {
    const int status = info(static_cast<Errc>(code)).http_status;
    EXPECT_FALSE(reason_phrase(status).empty()) << status;
  }
  EXPECT_EQ(reason_phrase(204), "No Content");
  EXPECT_EQ(reason_phrase(299), "");
}

TEST(ErrorResponse, IsOneLineOfJson) {
  const Response response = error_response(Error(Errc::not_found, "a \"b\"\r\nc\xFF\x01"));
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.headers.find("Content-Type"), "application/json");
  EXPECT_EQ(response.headers.find("Retry-After"), std::nullopt);
  EXPECT_EQ(response.body.find_first_of("\r\n"), std::string::npos);
  const boost::json::value body = boost::json::parse(response.body);
  EXPECT_EQ(body.at("error").as_string(), "RecordNotFound");
  EXPECT_EQ(body.at("message").as_string(), "a \"b\"\r\nc\xEF\xBF\xBD\x01");
}

TEST(ErrorResponse, KeepsTheOperatorsWordsForTheOperator) {
  const Error error(Errc::storage_failed, "open /srv/a: No space left");
  EXPECT_EQ(error_response(error).body.find("/srv"), std::string::npos);
  EXPECT_NE(operator_error_response(error).body.find("open /srv/a: No space left"),
            std::string::npos);
}

TEST(ErrorResponse, SaysWhenToTryAgain) {
  const Response response = error_response(Error(Errc::overloaded));
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.headers.find("Retry-After"), "5");
  EXPECT_EQ(response.body, R"({"error":"Overloaded","message":"Service Unavailable"})");
}

std::string without_date(std::string head) {
  const std::size_t begin = head.find("Date: ");
  EXPECT_NE(begin, std::string::npos);
  return head.erase(begin, head.find('\n', begin) + 1 - begin);
}

TEST(SerializeHead, FramesTheBody) {
  EXPECT_EQ(without_date(serialize_head(json_response(200, "{}"), true)),
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
            "Connection: keep-alive\r\n\r\n");
  EXPECT_EQ(without_date(serialize_head(Response{.status = 299, .headers = {}, .body = {}}, false)),
            "HTTP/1.1 299 \r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

TEST(SerializeHead, StatusWithoutBodyHasNoLength) {
  for (const int status : {204, 304}) {
    const std::string head = serialize_head({.status = status, .headers = {}, .body = {}}, true);
    EXPECT_EQ(head.find("Content-Length"), std::string::npos) << head;
  }
}

TEST(SerializeHead, FieldsCannotBreakOut) {
  Response response;
  response.headers.add("X-A", std::string("1\r\nX-B: 2\0", 10));
  response.headers.add("X-C\r\nX-D", "3");
  response.headers.add("", "4");
  response.headers.add("transfer-encoding", "chunked");
  response.headers.add("content-length", "9");
  response.headers.add("connection", "close");
  EXPECT_EQ(without_date(serialize_head(response, true)),
            "HTTP/1.1 200 OK\r\nX-A: 1  X-B: 2 \r\nContent-Length: 0\r\n"
            "Connection: keep-alive\r\n\r\n");
}

TEST(SerializeInterim, HasItsFieldsAlone) {
  EXPECT_EQ(serialize_interim(100, {}), "HTTP/1.1 100 Continue\r\n\r\n");
  Headers headers;
  headers.add("Link", "</style.css>; rel=preload\r\nX: y");
  headers.add("Content-Length", "9");
  EXPECT_EQ(serialize_interim(103, headers),
            "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload  X: y\r\n\r\n");
}

// time(2) is up to a tick behind the clock that the date is taken from.
std::time_t now() {
  return std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
}

TEST(SerializeHead, DateIsNowAndCanBeGiven) {
  const std::time_t before = now();
  const std::string head = serialize_head(Response{}, true);
  const std::size_t begin = head.find("Date: ") + 6;
  std::tm parsed{};
  const char* const end =
      strptime(head.substr(begin, 29).c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parsed);
  ASSERT_NE(end, nullptr) << head;
  EXPECT_GE(timegm(&parsed), before);
  EXPECT_LE(timegm(&parsed), now());

  Response dated;
  dated.headers.add("date", "Sun, 06 Nov 1994 08:49:37 GMT");
  const std::string given = serialize_head(dated, true);
  EXPECT_EQ(given.find("Date: "), std::string::npos);
  EXPECT_NE(given.find("date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), std::string::npos);
}

}  // namespace
}  // namespace sluice::http
