// SPDX-License-Identifier: MIT
#include "protocol/panda/session_request.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "support/run.h"
#include "support/scripted_source.h"

namespace sluice::protocol::panda {
namespace {

Result<upload::NewUpload> parse(const std::string& query) {
  http::Request request;
  request.query = query;
  const Result<Parameters> parameters = Parameters::from_query(request);
  if (!parameters) {
    return fail(parameters.error());
  }
  return parse_session_request(*parameters);
}

TEST(SessionRequest, KeepsWhatItDoesNotKnow) {
  const auto request = parse(
      "file_size=1000&file_name=a.mp4&profiles=h264&payload=%7B%22a%22%3A1%7D&odd=&"
      "access_key=k&signature=s&token=t&content_type=video%2Fmp4");
  ASSERT_TRUE(request) << request.error().message();
  EXPECT_EQ(request->file_size, 1000U);
  EXPECT_EQ(request->file_name, "a.mp4");
  EXPECT_EQ(request->content_type, "video/mp4");
  EXPECT_EQ(request->parameters,
            R"({"profiles":"h264","payload":"{\"a\":1}","odd":"","access_key":"k",)"
            R"("content_type":"video/mp4"})");
}

TEST(SessionRequest, TakesAnyFileName) {
  for (const char* name : {"/home/me/Grüße aus Köln.mp4", "a b", "../../etc/passwd", "視頻.mov",
                           "'\"<>|*?.mp4", "."}) {
    std::string query = "file_size=0&file_name=";
    for (const char* c = name; *c != '\0'; ++c) {
      constexpr const char* digits = "0123456789ABCDEF";
      const auto byte = static_cast<unsigned char>(*c);
      query += {'%', digits[byte >> 4U], digits[byte & 0xFU]};
    }
    const auto request = parse(query);
    ASSERT_TRUE(request) << request.error().message();
    EXPECT_EQ(request->file_name, name);
  }
  EXPECT_TRUE(parse("file_size=0&file_name=" + std::string(limits::file_name_bytes_max, 'x')));
  EXPECT_FALSE(parse("file_size=0&file_name=" + std::string(limits::file_name_bytes_max + 1, 'x')));
}

TEST(SessionRequest, TakesTextAloneForAName) {
  for (const char* name : {"[\"a\"]", "7", "true", "{}", "null"}) {
    http::Request request;
    request.method = http::Method::post;
    request.framing = http::Framing::chunked;
    request.headers.add("Content-Type", "application/json");
    testing::ScriptedSource body(R"({"file_size":1,"file_name":)" + std::string(name) + "}");
    const auto parameters = testing::run(Parameters::read(request, body));
    ASSERT_TRUE(parameters);
    const auto parsed = parse_session_request(*parameters);
    ASSERT_FALSE(parsed) << name;
    EXPECT_TRUE(parsed.error().message().starts_with("file_name")) << parsed.error().message();
  }
}

TEST(SessionRequest, NamesTheParameterWhatIsExpectedAndWhatCame) {
  struct Case {
    const char* query;
    Errc code;
    const char* message;
  };
  for (const Case& c : {
           Case{"file_name=a", Errc::bad_request,
                "file_size is missing: expected the size of the file in bytes, an integer of at "
                "least 0"},
           Case{"file_name=a&file_size=abc", Errc::bad_request,
                "file_size: expected an integer of at least 0, in decimal digits, got \"abc\""},
           Case{"file_name=a&file_size=-1", Errc::bad_request,
                "file_size: expected an integer of at least 0, in decimal digits, got \"-1\""},
           Case{"file_name=a&file_size=", Errc::bad_request,
                "file_size: expected an integer of at least 0, in decimal digits, got \"\""},
           Case{"file_size=1", Errc::bad_request,
                "file_name is missing: expected the name of the file"},
           Case{"file_size=1&file_name=", Errc::bad_request,
                "file_name is empty: expected the name of the file"},
           Case{"file_name=a&file_size=9007199254740993", Errc::file_too_large,
                "file_size: expected at most 9007199254740992 bytes, got 9007199254740993"},
           Case{"file_name=a&file_size=99999999999999999999", Errc::file_too_large,
                "file_size: expected at most 9007199254740992 bytes, got 99999999999999999999"},
       }) {
    const auto request = parse(c.query);
    ASSERT_FALSE(request) << c.query;
    EXPECT_EQ(request.error().code(), c.code) << c.query;
    EXPECT_EQ(request.error().message(), c.message);
  }
}

}  // namespace
}  // namespace sluice::protocol::panda
