// SPDX-License-Identifier: MIT
#include "protocol/panda/page_request.h"

#include <gtest/gtest.h>

#include <boost/json/object.hpp>

#include "support/protocol_fakes.h"

namespace sluice::protocol::panda {
namespace {

using testing::RouterFixture;

class AuthorizeUploadTest : public RouterFixture {
 protected:
  AuthorizeUploadTest() { settings.page_sessions = true; }

  http::Response ask(const std::string& payload, const std::string& fields = script) {
    return send(
        "POST /panda/authorize_upload\nContent-Type: "
        "application/x-www-form-urlencoded;charset=UTF-8" +
            fields,
        "payload=" + payload);
  }

  static constexpr const char* script = "\nX-Requested-With: XMLHttpRequest";
};

TEST_F(AuthorizeUploadTest, OpensASessionForThePage) {
  const http::Response response =
      ask("%7B%22filename%22%3A%22%C3%9C.mp4%22%2C%22filesize%22%3A9%2C%22content_type%22%3A%22"
          "application%2Foctet-stream%22%2C%22csrf%22%3A%22c%22%7D");
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_TRUE(field(response, "upload_url").starts_with("http://up.example:81/uploads/"));
  ASSERT_EQ(engine.created.size(), 1);
  EXPECT_EQ(engine.created[0].file_name, "Ü.mp4");
  EXPECT_EQ(engine.created[0].file_size, 9);
  EXPECT_EQ(engine.created[0].content_type, "");
  EXPECT_EQ(engine.created[0].parameters, R"({"csrf":"c"})");
}

TEST_F(AuthorizeUploadTest, RefusesWhatNamesNoFile) {
  for (const char* payload : {"", "9", "%7B%7D", R"({"filename":"a"})", R"({"filesize":9})",
                              R"({"filename":"a","filesize":-1})", R"({"fileurl":"http://a/"})"}) {
    EXPECT_EQ(error_of(ask(payload)), "400 BadRequest") << payload;
  }
  EXPECT_EQ(error_of(send("POST /panda/authorize_upload" + std::string(script))), "400 BadRequest");
  EXPECT_TRUE(engine.created.empty());
}

TEST_F(AuthorizeUploadTest, ServesScriptsOfItsOwnOriginAlone) {
  const std::string payload = R"({"filename":"a","filesize":9})";
  // A page of another origin can send this form without being asked for permission.
  EXPECT_EQ(error_of(ask(payload, "")), "400 BadRequest");
  EXPECT_TRUE(engine.created.empty());
  settings.api_origins = Origins::all();
  EXPECT_EQ(header(ask(payload), "Access-Control-Allow-Origin"), "(none)");
}

TEST_F(AuthorizeUploadTest, IsThereOnlyWhenEnabled) {
  settings.page_sessions = false;
  EXPECT_EQ(error_of(ask(R"({"filename":"a","filesize":9})")), "404 RecordNotFound");
}

}  // namespace
}  // namespace sluice::protocol::panda
