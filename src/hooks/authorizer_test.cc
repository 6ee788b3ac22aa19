// SPDX-License-Identifier: MIT
#include "hooks/authorizer.h"

#include <gtest/gtest.h>

#include "hooks/scripted_sender.h"
#include "support/manual_clock.h"
#include "support/run.h"

namespace sluice::hooks {
namespace {

class AuthorizerTest : public ::testing::Test {
 protected:
  AuthorizerTest() {
    settings.authorize = *outgoing::parse_target("http://app.example/may-upload");
    settings.request_headers = {"Authorization", "X-Absent"};
    request.headers.add("authorization", "Bearer t");
    request.headers.add("Cookie", "not told");
    proposal.file_size = 10;
    proposal.file_name = "a.mp4";
    proposal.parameters = R"({"payload":"p"})";
  }

  Result<protocol::Verdict> ask() {
    Authorizer authorizer(sender, clock, log, settings);
    return testing::run(authorizer.ask(proposal, request, "192.0.2.7"));
  }
  // What the session became after this answer.
  upload::NewUpload admitted(std::string body) {
    sender.answers.emplace_back(answer_of(200, std::move(body)));
    const Result<protocol::Verdict> verdict = ask();
    EXPECT_TRUE(verdict);
    return verdict ? std::get<upload::NewUpload>(*verdict) : upload::NewUpload{};
  }

  ScriptedSender sender;
  testing::ManualClock clock;
  NullLog log;
  HookSettings settings;
  http::Request request;
  upload::NewUpload proposal;
};

TEST_F(AuthorizerTest, TellsWhatTheClientProposes) {
  settings.secret = "s";
  admitted("");
  ASSERT_EQ(sender.requests.size(), 1U);
  EXPECT_EQ(sender.requests[0].target.path, "/may-upload");
  EXPECT_EQ(sender.body(0),
            R"({"event":"authorize","file_name":"a.mp4","file_size":10,"content_type":"",)"
            R"("parameters":{"payload":"p"},"client_address":"192.0.2.7",)"
            R"("headers":{"authorization":"Bearer t"}})");
  EXPECT_EQ(sender.header(0, "X-Sluice-Event"), "authorize");
  EXPECT_TRUE(sender.header(0, "X-Sluice-Signature").starts_with("t="));
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
  sender.answers.emplace_back(answer);
  const Result<protocol::Verdict> verdict = ask();
  ASSERT_TRUE(verdict);
  const auto& response = std::get<http::Response>(*verdict);
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(response.body, "<p>no</p>");
  EXPECT_EQ(response.headers.find("Content-Type"), "text/plain; charset=utf-8")
      << "no page of the application on the address of the uploads";
  EXPECT_EQ(response.headers.find("Set-Cookie"), std::nullopt);
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
    sender.answers.push_back(answer);
    const Result<protocol::Verdict> verdict = ask();
    ASSERT_FALSE(verdict) << (answer ? answer->body : answer.error().message());
    EXPECT_EQ(verdict.error().code(), Errc::overloaded);
  }
}

}  // namespace
}  // namespace sluice::hooks
