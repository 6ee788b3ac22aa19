// SPDX-License-Identifier: MIT
#include "http/exchange.h"

#include <gtest/gtest.h>

#include <optional>
#include <regex>
#include <string>
#include <string_view>

#include "http/server_session.h"
#include "support/run.h"
#include "support/scripted_handler.h"
#include "support/scripted_source.h"
#include "support/session_fixture.h"

namespace sluice::http {
namespace {

using namespace std::chrono_literals;

class ExchangeTest : public testing::ConnectionFixture {
 protected:
  ~ExchangeTest() override {
    close_client();
    drive_until([this] { return done_; });
  }

  void start() {
    session_.emplace(connect(), handler_, settings_, log_, metrics_);
    done_ = false;
    testing::start_in(context_, session_->run(), done_, exception_);
  }
  // The answers up to `end`, without the fields that differ from run to run.
  std::string answers(std::string_view end) {
    static const std::regex varying("(Date|X-Request-Id|X-Content-Type-Options): [^\r]*\r\n");
    return std::regex_replace(receive_through(end), varying, "");
  }

  SessionSettings settings_{.body = {1min}, .write = {1min}};
  testing::ScriptedHandler handler_;
  NullLog log_;
  Metrics metrics_;
  std::optional<ServerSession> session_;
  bool done_ = true;
  std::exception_ptr exception_;
};

constexpr std::string_view created =
    "HTTP/1.1 104 Upload Resumption Supported\r\nLocation: /u\r\n\r\n";
constexpr std::string_view early_hints = "HTTP/1.1 103 Early Hints\r\n\r\n";
constexpr std::string_view final_answer =
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n3:abc";

TEST_F(ExchangeTest, InterimAnswersStandInFrontOfTheFinalOne) {
  start();
  send("PUT /interims HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(receive_through("\r\n\r\n"), created) << "before the body has come";
  send("abc");
  EXPECT_EQ(answers("3:abc"), std::string(early_hints) + std::string(final_answer));
  send("PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(answers("3:abc"), final_answer);
}

TEST_F(ExchangeTest, ContinueComesBehindThemWhereItIsDue) {
  start();
  send("PUT /interims HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(receive_through("Continue\r\n\r\n"),
            std::string(created) + "HTTP/1.1 100 Continue\r\n\r\n");
  send("abc");
  EXPECT_EQ(answers("3:abc"), std::string(early_hints) + std::string(final_answer));
}

TEST_F(ExchangeTest, AClientOfHttp10GetsNone) {
  start();
  send("PUT /interims HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(answers("3:abc"), final_answer);
}

TEST_F(ExchangeTest, AClientThatTakesNoInterimAnswerLosesItsConnection) {
  settings_.write = {20ms};
  const auto stream = connect();
  Interims interims(*stream, Request(), settings_.write);
  Interim large{.status = 103};
  large.headers.add("Link", std::string(4'000'000, 'x'));
  const Result<> written = testing::run_in(context_, interims.write(std::move(large)));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code(), Errc::idle_timeout);
  EXPECT_TRUE(interims.broken());
  EXPECT_FALSE(testing::run_in(context_, interims.write({.status = 103})));
}

TEST_F(ExchangeTest, AContinueOfTheHandlersIsTheOneThatIsDue) {
  const auto stream = connect();
  Request request;
  request.expects_continue = true;
  Interims interims(*stream, request, settings_.write);
  EXPECT_TRUE(testing::run_in(context_, interims.write({.status = 103})));
  EXPECT_TRUE(interims.continue_due());
  EXPECT_TRUE(testing::run_in(context_, interims.write({.status = 100})));
  EXPECT_FALSE(interims.continue_due());
}

TEST(ExchangeDeathTest, NothingInterimFollowsTheFinalAnswer) {
  Interims interims;
  interims.end();
  EXPECT_DEATH((void)testing::run(interims.write({.status = 103})), "ended_");
}

// Writes errors in its own way.
class Place final : public Destination {
 public:
  Place() : Destination("place") {}
  Response render(const Error& error) const override {
    return {.status = 299, .headers = {}, .body = "oh: " + error.message()};
  }
  void complete(const Request& request, Response& response) const override {
    response.headers.set("For", request.path);
  }
};

TEST(ExchangeReplyTest, IsOfItsDestination) {
  Request request;
  request.path = "/p";
  const RequestContext context;
  testing::ScriptedSource body("");
  Interims nowhere;
  Exchange exchange(request, context, body, nowhere);
  const ReplyPtr before = exchange.reply(fail(Errc::not_found));
  EXPECT_STREQ(before->route, "none");
  EXPECT_EQ(before->response.status, 404);

  const Place place;
  exchange.lead_to(place);
  exchange.upload_id = 7;
  exchange.headers.set("Range", "0-9");
  const ReplyPtr error = exchange.reply(fail(Errc::storage_failed, "/srv is gone"));
  EXPECT_STREQ(error->route, "place");
  EXPECT_EQ(error->upload_id, 7U);
  EXPECT_EQ(error->response.body, "oh: /srv is gone");
  EXPECT_EQ(error->trouble, "/srv is gone");
  const ReplyPtr answer = exchange.reply(json_response(201, "{}"));
  EXPECT_EQ(answer->response.status, 201);
  for (const ReplyPtr* reply : {&error, &answer}) {
    EXPECT_EQ((*reply)->response.headers.find("Range"), "0-9");
    EXPECT_EQ((*reply)->response.headers.find("For"), "/p");
  }
}

}  // namespace
}  // namespace sluice::http
