// SPDX-License-Identifier: MIT
#include "protocol/range308/session_request.h"

#include <gtest/gtest.h>

#include <string>

#include "base/encoding.h"

namespace sluice::protocol::range308 {
namespace {

struct Head {
  const char* query = "";
  const char* size = nullptr;  // X-Upload-Content-Length.
  const char* type = nullptr;  // X-Upload-Content-Type.
};

http::Request request_of(const Head& head) {
  http::Request request;
  request.method = http::Method::post;
  request.query = head.query;
  if (head.size != nullptr) {
    request.headers.add("x-upload-content-length", head.size);
  }
  if (head.type != nullptr) {
    request.headers.add("x-upload-content-type", head.type);
  }
  return request;
}

Result<upload::NewUpload> parse(const Head& head, const char* json) {
  const Parameters described = Parameters::from_json(json).value();
  return parse_session(request_of(head), described, described);
}

TEST(SessionRequest, IsToldFromTheHead) {
  EXPECT_TRUE(asks_for_session(request_of({.query = "uploadType=resumable&name=a"})));
  EXPECT_TRUE(asks_for_session(request_of({.query = "upload_type=resumable"})));
  EXPECT_TRUE(asks_for_session(request_of({.query = "", .size = "9"})));
  EXPECT_TRUE(asks_for_session(request_of({.query = "", .size = nullptr, .type = "video/mp4"})));
  EXPECT_FALSE(asks_for_session(request_of({.query = "uploadType=media"})));
  EXPECT_FALSE(asks_for_session(request_of({.query = "uploadType=resumable&a=%zz"})));
  EXPECT_FALSE(asks_for_session(request_of({})));
}

TEST(SessionRequest, SaysWhatTheFileIs) {
  const auto session = parse({.query = "", .size = " 9 ", .type = "video/mp4"},
                             R"({"name":"a b.mp4","size":9,"mimeType":"text/x","folder":{"a":1}})");
  ASSERT_TRUE(session) << session.error().message();
  EXPECT_EQ(session->file_size, 9U);
  EXPECT_EQ(session->file_name, "a b.mp4");
  EXPECT_EQ(session->content_type, "video/mp4");
  EXPECT_EQ(session->dialect, "range308");
  EXPECT_EQ(session->parameters,
            R"({"name":"a b.mp4","size":9,"mimeType":"text/x","folder":{"a":1}})");
}

TEST(SessionRequest, TakesWhatClientsSayInOtherWords) {
  EXPECT_EQ(parse({}, R"({"size":"12","title":"t"})")->file_size, 12U);
  EXPECT_EQ(parse({}, R"({"size":"12","title":"t"})")->file_name, "t");
  EXPECT_EQ(parse({}, R"({"size":0})")->file_name, "upload");
  EXPECT_EQ(parse({}, R"({"size":0,"contentType":"a/b"})")->content_type, "a/b");
}

TEST(SessionRequest, KeepsApartWhatNoCredentialVouchesFor) {
  const Parameters described =
      Parameters::from_json(R"({"a":"1","name":"n","cloud_id":"c","token":"t","size":3})").value();
  const Parameters vouched = Parameters::from_json(R"({"a":"1"})").value();
  EXPECT_EQ(parse_session(request_of({}), described, vouched)->parameters,
            R"({"a":"1","metadata":{"name":"n","size":3}})");
}

TEST(SessionRequest, RefusesWhatIsNoSize) {
  for (const char* const size : {"", "-1", "1.5", "0x9", "nine", "9,9"}) {
    const auto session = parse({.query = "", .size = size}, "{}");
    ASSERT_FALSE(session) << size;
    EXPECT_EQ(session.error().code(), Errc::bad_request) << size;
  }
  EXPECT_EQ(parse({}, "{}")->file_size, std::nullopt) << "told later";
  EXPECT_EQ(parse({}, R"({"size":[1]})").error().code(), Errc::bad_request);
  for (const char* const size : {"18446744073709551615", "99999999999999999999999"}) {
    EXPECT_EQ(parse({.query = "", .size = size}, "{}").error().code(), Errc::file_too_large);
  }
  const std::string long_name = R"({"size":1,"name":")" + std::string(16'385, 'x') + "\"}";
  EXPECT_EQ(parse({}, long_name.c_str()).error().code(), Errc::bad_request);
}

}  // namespace
}  // namespace sluice::protocol::range308
