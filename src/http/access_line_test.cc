// SPDX-License-Identifier: MIT
// The log's line for each request.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "http/server_session.h"
#include "support/recording_log.h"
#include "support/run.h"
#include "support/scripted_handler.h"
#include "support/session_fixture.h"

namespace sluice::http {
namespace {

using testing::ConnectionFixture;
using testing::ScriptedHandler;

class AccessLineTest : public ConnectionFixture {
 protected:
  // Of a connection on which these requests come.
  std::vector<std::string> lines_of(std::string_view requests) {
    ServerSession session(connect(), handler_, settings_, log_, metrics_);
    bool done = false;
    std::exception_ptr exception;
    testing::start_in(context_, session.run(), done, exception);
    send(requests);
    end_of_client();
    drive_until([&done] { return done; });
    EXPECT_FALSE(exception);
    return log_.lines;
  }

  SessionSettings settings_;
  ScriptedHandler handler_;
  testing::RecordingLog log_;
  Metrics metrics_;
};

TEST_F(AccessLineTest, OfARequestWhoseBodyIsRefusedHasItsUpload) {
  const std::string coded =
      " HTTP/1.1\r\nHost: h\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc";
  const std::vector<std::string> lines = lines_of("PUT /upload" + coded + "PUT /a" + coded);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_NE(lines[0].find(" upload=7 "), std::string::npos) << lines[0];
  EXPECT_NE(lines[0].find(" status=415 "), std::string::npos) << lines[0];
  EXPECT_EQ(lines[1].find(" upload="), std::string::npos) << lines[1];
  EXPECT_EQ(handler_.calls, 0);
}

TEST_F(AccessLineTest, OfAFailureHasTheUploadWhereThereIsOne) {
  const std::string rest = " HTTP/1.1\r\nHost: h\r\n\r\n";
  handler_.trouble = "the disk is gone";
  const std::vector<std::string> lines = lines_of("GET /upload" + rest + "GET /a" + rest);
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_TRUE(lines[0].starts_with("request failed ")) << lines[0];
  EXPECT_TRUE(lines[0].ends_with(" upload=7 status=200 reason=the disk is gone")) << lines[0];
  EXPECT_TRUE(lines[2].starts_with("request failed ")) << lines[2];
  EXPECT_EQ(lines[2].find(" upload="), std::string::npos) << lines[2];
}

}  // namespace
}  // namespace sluice::http
