// SPDX-License-Identifier: MIT
#include "hooks/authorizer.h"

#include <gtest/gtest.h>

#include "support/manual_clock.h"
#include "support/recording_log.h"
#include "support/run.h"
#include "support/scripted_sender.h"

namespace sluice::hooks {
namespace {

using testing::answer_of;
using testing::ScriptedSender;

class AuthorizerTest : public ::testing::Test {
 protected:
  AuthorizerTest() {
    settings.authorize = *outgoing::parse_target("http://app.example/may-upload");
    settings.request_headers = {"Authorization", "X-Absent"};
    request.headers.add("authorization", "Bearer t");
    request.headers.add("Cookie", "not told");
    proposal.dialect = "tus";
    proposal.file_size = 10;
    proposal.file_name = "a.mp4";
    proposal.parameters = R"({"payload":"p"})";
  }

  protocol::Verdict ask() {
    Authorizer authorizer(sender, clock, log, settings);
    return testing::run(authorizer.ask(proposal, request, context));
  }
  // The session that is admitted after this answer.
  upload::NewUpload admitted(std::string body) {
    sender.answers.emplace_back(answer_of(200, std::move(body)));
    return std::get<upload::NewUpload>(ask());
  }
  // The refusal that the client gets after this answer.
  http::Response refusal(Result<outgoing::HttpAnswer> answer) {
    sender.answers.push_back(std::move(answer));
    return std::get<http::Response>(ask());
  }

  ScriptedSender sender;
  testing::ManualClock clock;
  testing::RecordingLog log;
  HookSettings settings;
  http::Request request;
  http::RequestContext context{.request_id = "r-1", .peer_address = "192.0.2.7"};
  upload::NewUpload proposal;
};

TEST_F(AuthorizerTest, TellsWhatTheClientProposes) {
  settings.secret = "s";
  admitted("");
  ASSERT_EQ(sender.requests.size(), 1U);
  EXPECT_EQ(sender.requests[0].target.path, "/may-upload");
  EXPECT_EQ(
      sender.body(0),
      R"({"event":"authorize","dialect":"tus","file_name":"a.mp4","file_size":10,"content_type":"",)"
      R"("parameters":{"payload":"p"},"client_address":"192.0.2.7",)"
      R"("headers":{"authorization":"Bearer t"}})");
  EXPECT_EQ(sender.header(0, "X-Sluice-Event"), "authorize");
  EXPECT_TRUE(sender.header(0, "X-Sluice-Signature").starts_with("t="));
}

TEST_F(AuthorizerTest, PassesTheTraceOn) {
  context.trace = {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"};
  admitted("");
  EXPECT_EQ(sender.header(0, "traceparent"),
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
}

TEST_F(AuthorizerTest, LetsTheSessionInAsItIs) {
  const upload::NewUpload session = admitted(" \r\n");
  EXPECT_EQ(session.parameters, proposal.parameters);
  EXPECT_EQ(session.file_size_max, std::nullopt);
}

TEST_F(AuthorizerTest, AddsParametersAndChangesLimits) {
  const upload::NewUpload session =
      admitted(R"({"parameters":{"user":5,"payload":"q"},"limits":{"file_size":1000}})");
  EXPECT_EQ(session.parameters, R"({"payload":"q","user":5})");
  EXPECT_EQ(session.file_size_max, 1000U);
}

TEST_F(AuthorizerTest, PassesARefusalOn) {
  outgoing::HttpAnswer answer = answer_of(403, "<p>no</p>");
  answer.headers.emplace_back("content-type", "text/html");
  answer.headers.emplace_back("Set-Cookie", "a=b");
  const http::Response response = refusal(std::move(answer));
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(response.body, "<p>no</p>");
  EXPECT_EQ(response.headers.find("Content-Type"), "text/plain; charset=utf-8")
      << "no page of the application on the address of the uploads";
  EXPECT_EQ(response.headers.find("Set-Cookie"), std::nullopt);
  EXPECT_TRUE(log.lines.empty());
}

TEST_F(AuthorizerTest, IsOverloadedWithoutAVerdict) {
  const std::vector<Result<outgoing::HttpAnswer>> answers{
      fail(Errc::delivery_failed, "connection refused"),
      answer_of(500),
      answer_of(302),
      answer_of(200, "yes"),
      answer_of(200, "[1]"),
      answer_of(200, R"({"parameters":1})"),
      answer_of(200, R"({"limits":{"file_size":-1}})"),
      answer_of(200, R"({"limits":{"files":1}})"),
      answer_of(200, R"({"limits":5})"),
  };
  for (const auto& answer : answers) {
    const http::Response response = refusal(answer);
    EXPECT_EQ(response.status, 503) << (answer ? answer->body : answer.error().message());
    EXPECT_EQ(response.headers.find("Retry-After"), "5");
  }
}

TEST_F(AuthorizerTest, TellsTroubleOnTheWayFromARefusal) {
  for (const int status : {400, 401, 402, 403, 406, 409, 410, 413, 415, 422, 451}) {
    EXPECT_EQ(refusal(answer_of(status)).status, status);
  }
  EXPECT_TRUE(log.lines.empty());
  for (const int status : {404, 405, 407, 408, 421, 423, 425, 429}) {
    EXPECT_EQ(refusal(answer_of(status)).status, 503) << status;
  }
  ASSERT_EQ(log.lines.size(), 8U);
  EXPECT_EQ(log.lines.front(), "the authorize hook gave no verdict request=r-1 reason=status 404");
  settings.trouble = {403};
  EXPECT_EQ(refusal(answer_of(403)).status, 503);
  EXPECT_EQ(refusal(answer_of(404)).status, 404) << "the operator decides";
}

TEST_F(AuthorizerTest, TellsTheClientWhenTheApplicationWantsToBeAskedAgain) {
  for (const int status : {429, 503}) {
    outgoing::HttpAnswer answer = answer_of(status);
    answer.retry_after = std::chrono::minutes(2);
    EXPECT_EQ(refusal(std::move(answer)).headers.find("Retry-After"), "120") << status;
  }
}

}  // namespace
}  // namespace sluice::hooks
