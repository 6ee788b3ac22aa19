// SPDX-License-Identifier: MIT
// What ends an answer that has no end of its own.
#include <gtest/gtest.h>

#include <functional>

#include "http/server_session.h"
#include "support/recording_log.h"
#include "support/run.h"
#include "support/scripted_handler.h"
#include "support/session_fixture.h"

namespace sluice::http {
namespace {

class EndlessAnswerTest : public testing::ConnectionFixture {
 protected:
  // `end` is called while the answer waits for its source, which stays silent.
  void expect_to_end(const std::function<void(ServerSession&)>& end) {
    ServerSession session(connect(), handler_, settings_, log_, metrics_);
    bool done = false;
    std::exception_ptr exception;
    testing::start_in(context_, session.run(), done, exception);
    send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(receive_through("fff").ends_with("\r\n\r\nfff"));
    send("bytes that are no request");
    run_ready();
    EXPECT_FALSE(done);
    end(session);
    drive_until([&done] { return done; });
    EXPECT_FALSE(exception);
    EXPECT_TRUE(handler_.events->was_cancelled());
  }

  SessionSettings settings_;
  testing::ScriptedHandler handler_;
  testing::RecordingLog log_;
  Metrics metrics_;
};

TEST_F(EndlessAnswerTest, EndsWhenTheClientEndsWhatItSends) {
  expect_to_end([this](ServerSession& /*session*/) { end_of_client(); });
}

TEST_F(EndlessAnswerTest, EndsWhenTheClientIsGone) {
  expect_to_end([this](ServerSession& /*session*/) { close_client(); });
}

TEST_F(EndlessAnswerTest, EndsWhenItIsCut) {
  expect_to_end([](ServerSession& session) { session.cut(Errc::draining); });
}

}  // namespace
}  // namespace sluice::http
