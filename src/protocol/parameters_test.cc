// SPDX-License-Identifier: MIT
#include "protocol/parameters.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "base/limits.h"
#include "support/run.h"
#include "support/scripted_source.h"

namespace sluice::protocol {
namespace {

using testing::ScriptedSource;

http::Request request_of(const std::string& query, const std::string& content_type,
                         std::size_t size) {
  http::Request request;
  request.method = http::Method::post;
  request.query = query;
  request.framing = http::Framing::length;
  request.content_length = size;
  if (!content_type.empty()) {
    request.headers.add("Content-Type", content_type);
  }
  return request;
}

Result<Parameters> read(const std::string& query, const std::string& content_type,
                        const std::string& body) {
  const http::Request request = request_of(query, content_type, body.size());
  ScriptedSource source(body);
  return testing::run(Parameters::read(request, source));
}

// The parameters as JSON, or the error.
std::string text_of(const Result<Parameters>& parameters) {
  return parameters ? boost::json::serialize(parameters->values())
                    : std::string(info(parameters.error().code()).name) + ": " +
                          parameters.error().message();
}

constexpr const char* form = "multipart/form-data; boundary=xx";

TEST(Parameters, ANameThatComesTwiceInJsonHasToComeWithOneValue) {
  for (const char* const text : {
           R"({"a":1,"a":2})",
           R"({"a":1,"b":{"a":3},"a":"1 "})",
           R"({"a":null,"a":1})",
           R"({"a":[1,2],"a":[1,3]})",
           R"({"a":"x","\u0061":"y"})",
           R"( { "a" : "}" , "a" : "{" } )",
           R"({"a\"b":"\\","c":1,"a\"b":"\""})",
       }) {
    const Result<Parameters> parameters = Parameters::from_json(text);
    ASSERT_FALSE(parameters) << text;
    EXPECT_EQ(parameters.error().code(), Errc::bad_request);
    EXPECT_NE(parameters.error().message().find("came twice"), std::string::npos) << text;
  }
  for (const char* const text : {
           R"({"a":1,"a":1})",
           R"({"a":10,"a":"10"})",
           R"({"a":{"b":1,"c":[{"d":2}]},"a" : {"b":1,"c":[{"d":2}]}})",
           R"({"a":"x","\u0061":"x"})",
           R"({"b":{"a":1},"a":2})",
           "{}",
           " { } ",
           R"({"":0})",
       }) {
    EXPECT_TRUE(Parameters::from_json(text)) << text;
  }
}

TEST(Parameters, AreReadFromWhereverTheClientPutsThem) {
  struct Case {
    const char* name;
    const char* query;
    const char* content_type;
    const char* body;
    const char* expected;
  };
  for (const Case& c : {
           Case{"query", "a=1&b=x%20y+z", "", "", R"({"a":"1","b":"x y z"})"},
           Case{"urlencoded", "", "application/x-www-form-urlencoded; charset=UTF-8",
                "a=1&b=", R"({"a":"1","b":""})"},
           Case{"no content type", "", "", "a=1&use_all_profiles=true",
                R"({"a":"1","use_all_profiles":"true"})"},
           Case{"json", "", "Application/JSON;charset=utf-8", R"({"a":1,"b":[true],"c":null})",
                R"({"a":1,"b":[true],"c":null})"},
           Case{"json of a vendor", "", "application/vnd.x+json", R"({"a":1})", R"({"a":1})"},
           Case{"multipart", "", form,
                "--xx\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n"
                "--xx\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n@/tmp/x\r\n--xx--",
                R"({"a":"1","file":"@/tmp/x"})"},
           Case{"merged", "factory_id=7", "application/json", R"({"a":1})",
                R"({"factory_id":"7","a":1})"},
           Case{"twice the same", "a=1&b=x", "", "a=1&b=x", R"({"a":"1","b":"x"})"},
           Case{"string and number", "a=10", "application/json", R"({"a":10})", R"({"a":"10"})"},
           Case{"an integer however it is written", "a=9&b=10", "application/json",
                R"({"a":9.0,"b":1e1})", R"({"a":"9","b":"10"})"},
           Case{"lone surrogates", "", "application/json", R"({"a":"\ud800x","\udc00":"\\ud800"})",
                "{\"a\":\"\xEF\xBF\xBDx\",\"\xEF\xBF\xBD\":\"\\\\ud800\"}"},
           Case{"byte order mark", "", "application/json", "\xEF\xBB\xBF{\"a\":1}", R"({"a":1})"},
           Case{"json that is no UTF-8", "", "application/json", "{\"a\":\"\xFF\"}",
                "{\"a\":\"\xEF\xBF\xBD\"}"},
           Case{"unescaped characters of a query", "a='*()!", "", "", R"({"a":"'*()!"})"},
           Case{"bytes that are no UTF-8", "a=%FF", "", "", "{\"a\":\"\xEF\xBF\xBD\"}"},
           Case{"empty body of any type", "a=1", "image/png", "", R"({"a":"1"})"},
       }) {
    EXPECT_EQ(text_of(read(c.query, c.content_type, c.body)), c.expected) << c.name;
  }
}

TEST(Parameters, SayWhatIsWrongWithARequest) {
  struct Case {
    const char* query;
    const char* content_type;
    const char* body;
    Errc code;
    const char* words;
  };
  for (const Case& c : {
           Case{"a=1", "", "a=2", Errc::bad_request, R"("a" came twice)"},
           Case{"a=1&a=2", "", "", Errc::bad_request, R"("1" and "2")"},
           Case{"a=%zz", "", "", Errc::bad_request, ""},
           Case{"", "application/json", "{\"a\":", Errc::bad_request, "JSON"},
           Case{"", "application/json", "[1]", Errc::bad_request, "[1]"},
           Case{"", "application/json", "[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]", Errc::bad_request,
                "too deep"},
           Case{"", "text/plain", "a=1", Errc::unsupported_media_type, "text/plain"},
           Case{"", "multipart/form-data", "a=1", Errc::bad_request, "boundary"},
           Case{"", form, "--xx\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1",
                Errc::bad_request, ""},
           Case{"", form,
                "--xx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"v.mp4\"\r\n\r\n"
                "bytes\r\n--xx--",
                Errc::bad_request, R"("file" is a file)"},
       }) {
    const Result<Parameters> parameters = read(c.query, c.content_type, c.body);
    ASSERT_FALSE(parameters) << text_of(parameters);
    EXPECT_EQ(parameters.error().code(), c.code) << text_of(parameters);
    EXPECT_NE(parameters.error().message().find(c.words), std::string::npos) << text_of(parameters);
  }
}

TEST(Parameters, AreBounded) {
  const std::string most = "a=" + std::string(limits::form_bytes_max - 2, 'x');
  EXPECT_TRUE(read("", "", most));
  EXPECT_EQ(read("", "", most + "x").error().code(), Errc::file_too_large);

  // Refused for its Content-Length, before a byte of it is read.
  const http::Request announced = request_of("", "", limits::form_bytes_max + 1);
  ScriptedSource silent("", ScriptedSource::Ending::silent);
  EXPECT_EQ(testing::run(Parameters::read(announced, silent)).error().code(), Errc::file_too_large);

  http::Request chunked = request_of("", "", 0);
  chunked.framing = http::Framing::chunked;
  ScriptedSource endless(std::string(4 * limits::form_bytes_max, 'x'));
  EXPECT_EQ(testing::run(Parameters::read(chunked, endless)).error().code(), Errc::file_too_large);
  EXPECT_LE(endless.bytes_read(), 2 * limits::form_bytes_max);

  std::string many = "{";
  for (std::size_t i = 0; i <= limits::form_field_count_max; ++i) {
    many += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":1";
  }
  EXPECT_EQ(read("", "application/json", many + "}").error().code(), Errc::bad_request);
}

TEST(Parameters, ReportABodyThatBreaksOff) {
  const http::Request request = request_of("", "", 9);
  ScriptedSource source("a=1", ScriptedSource::Ending::lost);
  EXPECT_EQ(testing::run(Parameters::read(request, source)).error().code(), Errc::closed_by_peer);
}

TEST(Parameters, ReadIntegersFromDigitsAndNumbers) {
  const Result<Parameters> parameters =
      read("", "application/json",
           R"({"n":10,"s":"10","zero":0,"none":null,"negative":-1,"plus":"+1","real":1.5,)"
           R"("empty":"","yes":true,"list":[1],"huge":"99999999999999999999","space":" 1"})");
  ASSERT_TRUE(parameters) << text_of(parameters);
  const auto integer = [&](const char* name) { return parameters->integer(name, 0); };
  EXPECT_EQ(*integer("n"), 10U);
  EXPECT_EQ(*integer("s"), 10U);
  EXPECT_EQ(*integer("zero"), 0U);
  EXPECT_EQ(*integer("huge"), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(*integer("none"), std::nullopt);
  EXPECT_EQ(*integer("absent"), std::nullopt);
  for (const char* name : {"negative", "plus", "real", "empty", "yes", "list", "space"}) {
    EXPECT_FALSE(integer(name)) << name;
  }
  EXPECT_EQ(integer("negative").error().message(),
            R"(negative: expected an integer of at least 0, in decimal digits, got "-1")");
  EXPECT_FALSE(parameters->integer("zero", 1));
}

}  // namespace
}  // namespace sluice::protocol
