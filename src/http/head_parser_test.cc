// SPDX-License-Identifier: MIT
#include "http/head_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/limits.h"

namespace sluice::http {
namespace {

using Verdict = Result<std::optional<ParsedHead>>;

// The accepted head; of no bytes when there is none.
ParsedHead taken(const Verdict& verdict) {
  return verdict.value_or(std::nullopt).value_or(ParsedHead{});
}

// Parses `wire` as it arrives: after every byte of the head, and with all bytes behind it. All
// verdicts must agree.
Verdict parse_every_way(std::string_view wire) {
  Verdict whole = parse_head(as_bytes(wire));
  bool decided = false;
  for (std::size_t size = 0; size <= wire.size(); ++size) {
    const Verdict verdict = parse_head(as_bytes(wire.substr(0, size)));
    const bool says = !verdict || verdict->has_value();
    EXPECT_TRUE(says || !decided) << size << " bytes of " << wire;
    decided = says;
    if (!verdict) {
      EXPECT_FALSE(whole) << size << " bytes of " << wire;
      EXPECT_EQ(verdict.error().code(), whole ? Errc::internal : whole.error().code()) << wire;
    } else if (says) {
      EXPECT_TRUE(whole && whole->has_value()) << size << " bytes of " << wire;
      EXPECT_EQ(taken(verdict).size, taken(whole).size) << wire;
    }
  }
  return whole;
}

Request parse(std::string_view wire) {
  Verdict verdict = parse_every_way(wire);
  EXPECT_TRUE(verdict) << wire << ": " << (verdict ? "" : verdict.error().message());
  if (!verdict || !*verdict) {
    ADD_FAILURE() << "no head in " << wire;
    return {};
  }
  EXPECT_EQ(taken(verdict).size, wire.size());
  return taken(verdict).request;
}

TEST(HeadParser, RequestIsRead) {
  const Request request = parse(
      "PUT /upload/x?a=1&b=?c HTTP/1.1\r\nHost: files.example:8080\r\ncontent-length: 005\r\n"
      "X-A:  one  two \t\r\nX-Empty:\r\nx-a: \xC3\xA4\r\n\r\n");
  EXPECT_EQ(request.method, Method::put);
  EXPECT_EQ(request.method_text, "PUT");
  EXPECT_EQ(request.path, "/upload/x");
  EXPECT_EQ(request.query, "a=1&b=?c");
  EXPECT_EQ(request.framing, Framing::length);
  EXPECT_EQ(request.content_length, 5U);
  EXPECT_TRUE(request.keep_alive);
  EXPECT_FALSE(request.expects_continue);
  ASSERT_EQ(request.headers.fields().size(), 5U);
  EXPECT_EQ(request.headers.fields()[2].name, "X-A");
  EXPECT_EQ(request.headers.fields()[2].value, "one  two");
  EXPECT_EQ(request.headers.find("X-Empty"), "");
  EXPECT_EQ(request.headers.fields()[4].value, "\xC3\xA4");
}

TEST(HeadParser, WhatFollowsTheHeadIsLeft) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const Verdict verdict = parse_every_way(head + std::string("\0\n\r\r", 4));
  ASSERT_TRUE(verdict && *verdict);
  EXPECT_EQ(taken(verdict).size, head.size());
}

TEST(HeadParser, OneEmptyLineMayComeFirst) {
  EXPECT_EQ(parse("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n").method, Method::get);
}

TEST(HeadParser, MethodsAreCaseSensitive) {
  const std::pair<std::string, Method> rows[] = {
      {"GET", Method::get},     {"HEAD", Method::head},      {"POST", Method::post},
      {"PUT", Method::put},     {"DELETE", Method::delete_}, {"OPTIONS", Method::options},
      {"PATCH", Method::patch}, {"get", Method::other},      {"X-!#$%&'*+.^_`|~", Method::other},
  };
  for (const auto& [text, method] : rows) {
    const Request request = parse(text + " / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(request.method, method) << text;
    EXPECT_EQ(request.method_text, text);
  }
}

TEST(HeadParser, TargetIsReducedToPathAndQuery) {
  struct Row {
    std::string target;
    std::string path;
    std::string query;
    std::string host = "h";
  };
  const Row rows[] = {
      {"GET /", "/", ""},
      {"GET /?", "/", ""},
      {"GET //v2//a%2F..", "//v2//a%2F..", ""},
      {"GET /a[1]|{}\\\"^`<>", "/a[1]|{}\\\"^`<>", ""},
      {"OPTIONS *", "*", ""},
      {"GET http://x.example/a?b", "/a", "b", "x.example"},
      {"GET HTTPS://x.example:443", "/", "", "x.example:443"},
      {"GET http://x?b", "/", "b", "x"},
      {"OPTIONS http://x", "*", "", "x"},
      {"OPTIONS http://x/", "/", "", "x"},
      {"GET http://[::1]:80/", "/", "", "[::1]:80"},
      {"GET /http://x/", "/http://x/", ""},
  };
  for (const Row& row : rows) {
    const Request request = parse(row.target + " HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(request.path, row.path) << row.target;
    EXPECT_EQ(request.query, row.query) << row.target;
    EXPECT_EQ(request.headers.find("Host"), row.host) << row.target;
    EXPECT_EQ(request.headers.count("Host"), 1U) << row.target;
  }
}

TEST(HeadParser, HostsOfNetworksAreTaken) {
  for (const std::string host : {"localhost", "a.b-c_d~e:1", "127.0.0.1:65535", "[::1]",
                                 "a:", "[2001:db8::1.2.3.4]:8080", "A.EXAMPLE."}) {
    EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n").headers.find("Host"), host);
  }
  EXPECT_EQ(parse("GET / HTTP/1.0\r\n\r\n").headers.count("Host"), 0U);
}

TEST(HeadParser, FramingComesFromOneField) {
  const std::string start = " /u HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(parse("POST" + start + "\r\n").framing, Framing::none);
  EXPECT_EQ(parse("PUT" + start + "Transfer-Encoding: Chunked\r\n\r\n").framing, Framing::chunked);
  const Request empty = parse("PUT" + start + "Content-Length: 0\r\n\r\n");
  EXPECT_EQ(empty.framing, Framing::length);
  EXPECT_EQ(empty.content_length, 0U);
  EXPECT_EQ(parse("PUT" + start + "Content-Length: 9223372036854775807\r\n\r\n").content_length,
            9223372036854775807U);
}

TEST(HeadParser, PersistenceFollowsVersionAndConnection) {
  struct Row {
    std::string version;
    std::string fields;
    bool keep_alive;
  };
  const Row rows[] = {
      {"1.1", "", true},
      {"1.1", "Connection: close\r\n", false},
      {"1.1", "Connection: keep-alive\r\n", true},
      {"1.1", "Connection: X-A, , CLOSE\r\n", false},
      {"1.1", "Connection: keep-alive\r\nConnection: close\r\n", false},
      {"1.1", "Connection: closed\r\n", true},
      {"1.0", "", false},
      {"1.0", "Connection: Keep-Alive\r\n", true},
      {"1.0", "Connection: keep-alive, close\r\n", false},
  };
  for (const Row& row : rows) {
    const Request request =
        parse("GET / HTTP/" + row.version + "\r\nHost: a\r\n" + row.fields + "\r\n");
    EXPECT_EQ(request.keep_alive, row.keep_alive) << row.version << ' ' << row.fields;
  }
}

TEST(HeadParser, ContinueIsExpectedOnlyWithABodyAndOn11) {
  const auto expects = [](const std::string& version, const std::string& fields) {
    return parse("PUT / HTTP/" + version + "\r\nHost: a\r\n" + fields + "\r\n").expects_continue;
  };
  EXPECT_TRUE(expects("1.1", "Expect: 100-Continue\r\nContent-Length: 1\r\n"));
  EXPECT_TRUE(expects("1.1", "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n"));
  EXPECT_FALSE(expects("1.1", "Expect: 100-continue\r\nContent-Length: 0\r\n"));
  EXPECT_FALSE(expects("1.1", "Expect: 100-continue\r\n"));
  EXPECT_FALSE(expects("1.1", "Expect:\r\nContent-Length: 1\r\n"));
  EXPECT_FALSE(expects("1.0", "Expect: 100-continue\r\nContent-Length: 1\r\n"));
}

struct Refusal {
  std::string wire;
  Errc code = Errc::bad_request;
};

void expect_refused(const Refusal& row) {
  const Verdict verdict = parse_every_way(row.wire);
  ASSERT_FALSE(verdict) << row.wire;
  EXPECT_EQ(verdict.error().code(), row.code) << row.wire << verdict.error().message();
  EXPECT_NE(verdict.error().message().find("expected"), std::string::npos) << row.wire;
}

TEST(HeadParser, FramingThatSmugglesIsRefused) {
  const Refusal rows[] = {
      {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"},
      {"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"},
      {"Transfer-Encoding: gzip\r\nContent-Length: 5\r\n"},
      {"Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n"},
      {"Transfer-Encoding: identity\r\nContent-Length: 5\r\n"},
      {"Transfer-Encoding: gzip\r\n", Errc::not_implemented},
      {"Transfer-Encoding: xchunked\r\n", Errc::not_implemented},
      {"Transfer-Encoding: identity\r\n", Errc::not_implemented},
      {"Transfer-Encoding: chunked, identity\r\n", Errc::not_implemented},
      {"Transfer-Encoding: gzip, chunked\r\n", Errc::not_implemented},
      {"Transfer-Encoding: chunked;q=1\r\n", Errc::not_implemented},
      {"Transfer-Encoding: \"chunked\"\r\n", Errc::not_implemented},
      {"Transfer-Encoding: chunked,\r\n", Errc::not_implemented},
      {"Transfer-Encoding: chu\xC3\xBEked\r\n", Errc::not_implemented},
      {"Transfer-Encoding:\r\n"},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"},
      {"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"},
      {"Transfer-Encoding: \x0B"
       "chunked\r\n"},
      {"Transfer-Encoding : chunked\r\n"},
      {"Transfer-Encoding\t: chunked\r\n"},
      {"Content-Length: 5\r\nContent-Length: 6\r\n"},
      {"Content-Length: 5\r\ncontent-length: 5\r\n"},
      {"Content-Length: 5, 5\r\n"},
      {"Content-Length: 5,\r\n"},
      {"Content-Length: +5\r\n"},
      {"Content-Length: -5\r\n"},
      {"Content-Length: 0x5\r\n"},
      {"Content-Length: 5 5\r\n"},
      {"Content-Length: 5.0\r\n"},
      {"Content-Length:\r\n"},
      {"Content-Length : 5\r\n"},
      {"Content-Length: 9223372036854775808\r\n"},
      {"Content-Length: 18446744073709551616\r\n"},
      {"Content-Length: 99999999999999999999\r\n"},
  };
  for (const Refusal& row : rows) {
    expect_refused({"PUT / HTTP/1.1\r\nHost: a\r\n" + row.wire + "\r\n", row.code});
  }
  expect_refused({"PUT / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"});
}

TEST(HeadParser, LinesThatTwoParsersCouldReadDifferentlyAreRefused) {
  const std::string start = "GET / HTTP/1.1\r\nHost: a\r\n";
  const Refusal rows[] = {
      {"GET / HTTP/1.1\nHost: a\n\n"},
      {"GET / HTTP/1.1\r\nHost: a\n\r\n"},
      {"GET / HTTP/1.1\rHost: a\r\n\r\n"},
      {"GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"},
      {"\n"},
      {"\r\n\n"},
      {"\r\n\r\n"},
      {"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {std::string("GET / HTTP/1.1\r\nHost: a\0", 24)},
      {std::string("\x16\x03\x01\x02\0", 5)},
      {start + "X: \x01\r\n\r\n"},
      {start + "X: \x7F\r\n\r\n"},
      {start + "X: a\r\n b\r\n\r\n"},
      {start + "X: a\r\n\tb\r\n\r\n"},
      {"GET / HTTP/1.1\r\n Host: a\r\n\r\n"},
      {start + "X : a\r\n\r\n"},
      {start + "X Y: a\r\n\r\n"},
      {start + ": a\r\n\r\n"},
      {start + "X\r\n\r\n"},
      {start + "X\xC3\xA4: a\r\n\r\n"},
      {start + "X(): a\r\n\r\n"},
  };
  for (const Refusal& row : rows) {
    expect_refused(row);
  }
}

TEST(HeadParser, ImpossibleBytesAreRefusedWithoutWaiting) {
  for (const std::string& wire :
       {std::string("GE\0", 3), std::string("GET /\n"), std::string("GET / HTTP/1.1\r\nX: a\rb"),
        std::string("\x16\x03")}) {
    EXPECT_FALSE(parse_head(as_bytes(wire)));
  }
  EXPECT_TRUE(parse_head({}));
  EXPECT_TRUE(parse_head(as_bytes("\r")));
  EXPECT_TRUE(parse_head(as_bytes("GET / HTTP/1.1\r\nX: a\r")));
}

TEST(HeadParser, RequestLinesAreStrict) {
  const Refusal rows[] = {
      {" GET / HTTP/1.1"},
      {"GET  / HTTP/1.1"},
      {"GET /  HTTP/1.1"},
      {"GET / HTTP/1.1 "},
      {"GET /a b HTTP/1.1"},
      {"GET\t/ HTTP/1.1"},
      {"GET /\tHTTP/1.1"},
      {"G(T / HTTP/1.1"},
      {"GET a HTTP/1.1"},
      {"GET * HTTP/1.1"},
      {"GET ?a HTTP/1.1"},
      {"GET /a#b HTTP/1.1"},
      {"GET /\xC3\xA4 HTTP/1.1"},
      {"GET /\x80 HTTP/1.1"},
      {"GET ftp://a/ HTTP/1.1"},
      {"GET http:///a HTTP/1.1"},
      {"GET http://user@a/ HTTP/1.1"},
      {"GET http://a:b/ HTTP/1.1"},
      {"GET http:/a HTTP/1.1"},
      {"CONNECT a:80 HTTP/1.1"},
      {"GET /"},
      {"GET"},
      {"GET / http/1.1"},
      {"GET / HTTP/11"},
      {"GET / HTTP/1.1x"},
      {"GET / HTTP/x.y"},
      {"GET / HTTP/ 1.1"},
      {"GET / HTTP/1.2", Errc::version_not_supported},
      {"GET / HTTP/2.0", Errc::version_not_supported},
      {"GET / HTTP/0.9", Errc::version_not_supported},
      {"PRI * HTTP/2.0", Errc::version_not_supported},
  };
  for (const Refusal& row : rows) {
    expect_refused({row.wire + "\r\nHost: a\r\n\r\n", row.code});
  }
}

TEST(HeadParser, HostIsExactlyOne) {
  const std::string rows[] = {
      "",
      "Host: a\r\nHost: a\r\n",
      "Host: a\r\nhost: b\r\n",
      "Host:\r\n",
      "Host: a b\r\n",
      "Host: a,b\r\n",
      "Host: a/b\r\n",
      "Host: a@b\r\n",
      "Host: a\"\r\n",
      "Host: a?b\r\n",
      "Host: a#b\r\n",
      "Host: %61\r\n",
      "Host: \xC3\xA4\r\n",
      "Host: a:b\r\n",
      "Host: a:1:2\r\n",
      "Host: a:123456\r\n",
      "Host: :80\r\n",
      "Host: ::1\r\n",
      "Host: [::1\r\n",
      "Host: []\r\n",
      "Host: [::g]\r\n",
      "Host: [::1]80\r\n",
      "Host: [::1]:x\r\n",
  };
  for (const std::string& fields : rows) {
    expect_refused({"GET / HTTP/1.1\r\n" + fields + "\r\n"});
  }
  expect_refused({"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"});
  expect_refused({"GET http://a/ HTTP/1.1\r\n\r\n"});
}

TEST(HeadParser, OtherExpectationsFail) {
  for (const std::string value :
       {"200-ok", "100-continue, x", "x, 100-continue", "100-continue;a"}) {
    expect_refused(
        {"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: " + value + "\r\n\r\n",
         Errc::expectation_failed});
  }
}

TEST(HeadParser, HeadsAreBounded) {
  const std::string start = "GET / HTTP/1.1\r\nHost: a\r\n";
  const auto padded = [&](std::size_t size) {
    return start + "X: " + std::string(size - start.size() - 7, 'x') + "\r\n\r\n";
  };
  const Verdict largest = parse_head(as_bytes(padded(limits::head_bytes_max)));
  ASSERT_TRUE(largest && *largest);
  EXPECT_EQ(taken(largest).size, limits::head_bytes_max);
  const std::string larger = padded(limits::head_bytes_max + 1);
  for (const std::size_t size : {limits::head_bytes_max, larger.size()}) {
    const Verdict verdict = parse_head(as_bytes(std::string_view(larger).substr(0, size)));
    ASSERT_FALSE(verdict);
    EXPECT_EQ(verdict.error().code(), Errc::head_too_large);
  }
  const Verdict waiting =
      parse_head(as_bytes(std::string_view(larger).substr(0, limits::head_bytes_max - 1)));
  EXPECT_TRUE(waiting && !*waiting);
}

TEST(HeadParser, RequestLinesAreBounded) {
  const auto request_line = [](std::size_t size) {
    return "GET /" + std::string(size - 16, 'x') + " HTTP/1.1\r\n";
  };
  const std::string longest = request_line(limits::target_bytes_max);
  ASSERT_EQ(longest.size(), limits::target_bytes_max);
  const Verdict fitting = parse_head(as_bytes(longest + "Host: a\r\n\r\n"));
  EXPECT_TRUE(fitting && *fitting);
  const std::string longer = request_line(limits::target_bytes_max + 1);
  for (const std::string& wire : {longer + "Host: a\r\n\r\n", std::string(9000, 'x')}) {
    const Verdict verdict = parse_head(as_bytes(wire));
    ASSERT_FALSE(verdict);
    EXPECT_EQ(verdict.error().code(), Errc::target_too_long);
  }
}

TEST(HeadParser, FieldsAreCounted) {
  std::string wire = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (std::size_t i = 1; i < limits::header_count_max; ++i) {
    wire += "X: y\r\n";
  }
  const Verdict most = parse_head(as_bytes(wire + "\r\n"));
  ASSERT_TRUE(most && *most);
  EXPECT_EQ(taken(most).request.headers.fields().size(), limits::header_count_max);
  const Verdict more = parse_head(as_bytes(wire + "X: y\r\n\r\n"));
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code(), Errc::head_too_large);
}

}  // namespace
}  // namespace sluice::http
