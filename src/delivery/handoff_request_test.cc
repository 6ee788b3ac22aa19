// SPDX-License-Identifier: MIT
#include "delivery/handoff_request.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/limits.h"
#include "delivery/handoff_origin.h"

namespace sluice::delivery {
namespace {

namespace json = boost::json;

Handoff a_handoff() {
  Handoff handoff;
  handoff.upload_id = 7;
  handoff.idempotency_key = "0123456789abcdef0123456789abcdef";
  handoff.file_name = "holiday.mp4";
  handoff.file_size = 9;
  handoff.content_type = "video/mp4";
  handoff.parameters = R"({"title":"At the sea","tags":["a","b"],"count":3})";
  handoff.origin = R"({"address":"192.0.2.1","headers":{"user-agent":"test"}})";
  return handoff;
}

HttpBackendSettings settings_for(HandoffMode mode) {
  HttpBackendSettings settings;
  settings.url =
      *outgoing::UrlTemplate::parse("http://app/v/{id}?t={parameter:title}&n={file_name}");
  settings.mode = mode;
  return settings;
}

std::string header(const outgoing::HttpRequest& request, std::string_view name) {
  return std::string(outgoing::find_header(request.headers, name).value_or("(none)"));
}

TEST(HandoffRequest, carries_everything_in_its_head) {
  Handoff handoff = a_handoff();
  handoff.owner = "key 1";
  handoff.attempt = 2;
  const auto request =
      handoff_request(settings_for(HandoffMode::body), handoff, {.file = "aa", .body = "bb"}, "");
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target.path, "/v/7?t=At%20the%20sea&n=holiday.mp4");
  EXPECT_EQ(request.headers,
            (outgoing::HeaderFields{
                {"Content-Type", "video/mp4"},
                {"Idempotency-Key", handoff.idempotency_key},
                {"X-Sluice-Mode", "body"},
                {"X-Sluice-Upload-Id", "7"},
                {"X-Sluice-Attempt", "2"},
                {"X-Sluice-File-Size", "9"},
                {"X-Sluice-File-SHA256", "aa"},
                {"X-Sluice-Body-SHA256", "bb"},
                {"X-Sluice-Owner", "key%201"},
                {"X-Forwarded-For", "192.0.2.1"},
                {"X-Sluice-File-Name", "holiday.mp4"},
                {"X-Sluice-Content-Type", "video/mp4"},
                {"X-Sluice-Parameters", R"({"title":"At the sea","tags":["a","b"],"count":3})"},
                {"user-agent", "test"}}));
}

TEST(HandoffRequest, takes_a_clients_words_as_data) {
  Handoff handoff = a_handoff();
  handoff.file_name = "a\"\r\nX-Evil: 1/ä\xff.mp4";
  handoff.content_type = "video/mp4\r\nX-Evil: 1";
  handoff.parameters = "{\"title\":\"\\r\\nX-Evil: \xf0\x9f\x8e\xac\xc3\xa4\"}";
  handoff.origin = "{\"address\":\"192.0.2.1\",\"headers\":{\"cookie\":\"a=\\u00e4\"}}";
  const auto request = handoff_request(settings_for(HandoffMode::body), handoff, {}, "");
  EXPECT_EQ(
      request.target.path,
      "/v/7?t=%0D%0AX-Evil%3A%20%F0%9F%8E%AC%C3%A4&n=a%22%0D%0AX-Evil%3A%201%2F%C3%A4%FF.mp4");
  EXPECT_EQ(header(request, "Content-Type"), "application/octet-stream");
  EXPECT_EQ(header(request, "X-Sluice-File-Name"), "a%22%0D%0AX-Evil%3A%201%2F%C3%A4%FF.mp4");
  EXPECT_EQ(header(request, "X-Sluice-Parameters"),
            R"({"title":"\r\nX-Evil: \ud83c\udfac\u00e4"})");
  EXPECT_EQ(header(request, "cookie"), "a=%C3%A4");
}

TEST(HandoffRequest, lets_no_client_choose_how_the_body_is_read) {
  const struct {
    std::string sent;
    std::string body;  // Content-Type of the request in mode body.
    std::string part;  // Of the file's part in a form.
  } cases[] = {
      {"video/mp4", "video/mp4", "video/mp4"},
      {"Video/MP4; codecs=avc1", "Video/MP4", "Video/MP4; codecs=avc1"},
      {"video/mp4;codecs=avc1", "video/mp4", "video/mp4;codecs=avc1"},
      {"image/svg+xml", "application/octet-stream", "image/svg+xml"},
      {"text/csv", "application/octet-stream", "text/csv"},
      {"application/json", "application/octet-stream", "application/json"},
      {"application/x-www-form-urlencoded", "application/octet-stream",
       "application/x-www-form-urlencoded"},
      {"multipart/form-data;boundary=x", "application/octet-stream", "application/octet-stream"},
      {"MULTIPART/mixed", "application/octet-stream", "application/octet-stream"},
      {"video/mp4,application/json", "application/octet-stream", "video/mp4,application/json"},
      {"video/", "application/octet-stream", "application/octet-stream"},
      {"video/a/b", "application/octet-stream", "video/a/b"},
  };
  for (const auto& row : cases) {
    Handoff handoff = a_handoff();
    handoff.content_type = row.sent;
    const auto request = handoff_request(settings_for(HandoffMode::body), handoff, {}, "");
    EXPECT_EQ(header(request, "Content-Type"), row.body) << row.sent;
    EXPECT_EQ(header(request, "X-Sluice-Content-Type"), row.sent);
    const std::string part = "Content-Type: " + row.part + "\r\n\r\n";
    EXPECT_TRUE(form_frame(handoff, "B").before.ends_with(part)) << row.sent;
  }
}

TEST(HandoffRequest, knows_whether_a_client_could_be_meant_by_a_401) {
  Handoff handoff = a_handoff();
  EXPECT_FALSE(carries_credential(handoff));
  for (const char* name : {"authorization", "cookie", "x-api-key", "x-access-token"}) {
    handoff.origin = std::string(R"({"address":"::1","headers":{")") + name + R"(":"x"}})";
    EXPECT_TRUE(carries_credential(handoff)) << name;
  }
}

TEST(HandoffRequest, names_what_is_too_long_for_a_head) {
  Handoff handoff = a_handoff();
  handoff.file_name = std::string(limits::handoff_header_bytes_max + 1, 'x');
  handoff.origin = R"({"address":"192.0.2.1","headers":{"cookie":")" +
                   std::string(limits::handoff_header_bytes_max, 'c') + R"(","user-agent":")" +
                   std::string(limits::handoff_header_bytes_max, 'u') + "\"}}";
  const auto request = handoff_request(settings_for(HandoffMode::body), handoff, {}, "");
  EXPECT_EQ(header(request, "X-Sluice-Omitted"), "x-sluice-file-name user-agent");
  EXPECT_EQ(header(request, "X-Sluice-File-Name"), "(none)");
  EXPECT_EQ(header(request, "cookie").size(), limits::handoff_header_bytes_max);
}

TEST(HandoffRequest, puts_the_peer_behind_what_a_proxy_said) {
  Handoff handoff = a_handoff();
  handoff.origin = R"({"address":"10.0.0.1","headers":{"x-forwarded-for":"192.0.2.9"}})";
  const auto request = handoff_request(settings_for(HandoffMode::form), handoff, {}, "b");
  EXPECT_EQ(header(request, "X-Forwarded-For"), "192.0.2.9, 10.0.0.1");
  EXPECT_EQ(header(request, "Content-Type"), "multipart/form-data; boundary=b");
  EXPECT_EQ(header(request, "X-Sluice-Parameters"), "(none)");
}

TEST(FormFrame, has_the_parameters_before_the_file) {
  const FormFrame frame = form_frame(a_handoff(), "B");
  EXPECT_EQ(frame.before,
            "--B\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nAt the sea\r\n"
            "--B\r\nContent-Disposition: form-data; name=\"tags\"\r\n\r\n[\"a\",\"b\"]\r\n"
            "--B\r\nContent-Disposition: form-data; name=\"count\"\r\n\r\n3\r\n"
            "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"holiday.mp4\"\r\n"
            "Content-Type: video/mp4\r\n\r\n");
  EXPECT_EQ(frame.after, "\r\n--B--\r\n");
}

TEST(FormFrame, lets_no_name_leave_its_quotes) {
  Handoff handoff = a_handoff();
  handoff.file_name = "a\"; name=\"x\r\n\r\n--B";
  handoff.parameters = "{\"k\\\"\\r\\n\":\"v\"}";
  const FormFrame frame = form_frame(handoff, "B");
  EXPECT_NE(frame.before.find("name=\"k%22%0D%0A\"\r\n"), std::string::npos) << frame.before;
  EXPECT_NE(frame.before.find("filename=\"a%22; name=%22x%0D%0A%0D%0A--B\"\r\n"), std::string::npos)
      << frame.before;
}

TEST(ReferenceJson, says_where_the_object_is) {
  const store::ObjectReference object{"b", "e/7", 9, "https://s3/b/e/7?X-Amz-Signature=0"};
  const json::object document = json::parse(reference_json(a_handoff(), "", object)).as_object();
  EXPECT_FALSE(document.contains("path"));
  EXPECT_EQ(document.at("object"), json::parse(R"({"bucket":"b","key":"e/7","size":9,
    "url":"https://s3/b/e/7?X-Amz-Signature=0"})"));
}

TEST(ReferenceJson, says_where_the_file_is) {
  const store::FileReference file{"/in/key"};
  const json::value document = json::parse(reference_json(a_handoff(), "aa", file));
  EXPECT_EQ(document, json::parse(R"({"id":7,"key":"0123456789abcdef0123456789abcdef",
    "file_name":"holiday.mp4","file_size":9,"content_type":"video/mp4","sha256":"aa",
    "path":"/in/key","client_address":"192.0.2.1","attempt":1,"headers":{"user-agent":"test"},
    "parameters":{"title":"At the sea","tags":["a","b"],"count":3}})"))
      << json::serialize(document);
}

TEST(ParseOrigin, leaves_away_what_is_not_as_expected) {
  for (const char* text : {"", "[]", "{}", "{\"headers\":[]}", "{broken"}) {
    const HandoffOrigin origin = parse_origin(text);
    EXPECT_EQ(origin.address, "") << text;
    EXPECT_TRUE(origin.headers.empty()) << text;
  }
}

}  // namespace
}  // namespace sluice::delivery
