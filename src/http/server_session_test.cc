// SPDX-License-Identifier: MIT
#include "http/server_session.h"

#include <gtest/gtest.h>

#include <boost/asio/this_coro.hpp>
#include <map>
#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "base/limits.h"
#include "support/recording_log.h"
#include "support/run.h"
#include "support/scripted_handler.h"
#include "support/scripted_source.h"
#include "support/session_fixture.h"

namespace sluice::http {
namespace {

using namespace std::chrono_literals;

// The answers without the fields that every answer has, and without values that differ by run.
std::string normal(std::string answers) {
  static const std::regex varying(
      "(Date|X-Request-Id|X-Content-Type-Options|Completed): [^\r]*\r\n");
  answers = std::regex_replace(answers, varying, "");
  std::erase(answers, '\r');
  return answers;
}

std::string ok(std::string_view body, std::string_view connection = "keep-alive") {
  return "HTTP/1.1 200 OK\nContent-Length: " + std::to_string(body.size()) +
         "\nConnection: " + std::string(connection) + "\n\n" + std::string(body);
}

class ServerSessionTest : public testing::ConnectionFixture {
 protected:
  ServerSessionTest() {
    settings_.idle_timeout = settings_.head_timeout = settings_.linger_time = 1min;
    settings_.body = settings_.write = {1min};
  }
  ~ServerSessionTest() override {
    if (!done_) {
      close_client();
      drive_until([this] { return done_; });
    }
  }

  ServerSession& start() {
    done_ = false;
    session_.emplace(connect(), handler_, settings_, log_, metrics_);
    testing::start_in(context_, run_and_close(session_), done_, exception_);
    run_ready();
    return *session_;
  }
  void finish() {
    drive_until([this] { return done_; });
    EXPECT_FALSE(exception_);
  }
  static runtime::Task<> run_and_close(std::optional<ServerSession>& session) {
    co_await session->run();
    session.reset();
  }
  // All answers of the server to `bytes`, sent in pieces of `first` bytes and then `step`.
  std::string answers_to(std::string_view bytes, std::size_t first, std::size_t step) {
    start();
    send(bytes.substr(0, first));
    run_ready();
    for (std::size_t at = first; at < bytes.size(); at += step) {
      send(bytes.substr(at, step));
    }
    end_of_client();
    finish();
    return normal(receive_all());
  }
  std::string answers_to(std::string_view bytes) { return answers_to(bytes, bytes.size(), 1); }

  SessionSettings settings_;
  testing::ScriptedHandler handler_;
  testing::RecordingLog log_;
  Metrics metrics_;
  std::optional<ServerSession> session_;
  bool done_ = true;
  std::exception_ptr exception_;
};

TEST_F(ServerSessionTest, AnswersTheSameHoweverTheBytesAreSplit) {
  const std::string bad =
      "HTTP/1.1 400 Bad Request\nContent-Type: application/json\nContent-Length: ";
  struct Row {
    std::string_view requests;
    std::string answers;
  };
  const Row rows[] = {
      {"GET /a HTTP/1.1\r\nHost: h\r\n\r\n", ok("path=/a")},
      {"GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", ok("path=/a", "close")},
      {"GET /a HTTP/1.0\r\n\r\n", ok("path=/a", "close")},
      {"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /b HTTP/1.0\r\n\r\n",
       ok("path=/a") + ok("path=/b", "close")},
      // Pipelining, also behind bodies that the handler does not read.
      {"GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n",
       ok("path=/a") + ok("path=/b")},
      {"PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\nHost: "
       "h\r\n\r\n",
       ok("3:abc") + ok("path=/b")},
      {"PUT /ignore HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\nHost: "
       "h\r\n\r\n",
       ok("path=/ignore") + ok("path=/b")},
      {"PUT /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
       "3\r\nabc\r\n0\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n",
       ok("3:abc") + ok("path=/b")},
      {"PUT /ignore HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
       "3\r\nabc\r\n0\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n",
       ok("path=/ignore") + ok("path=/b")},
      // A POST without any framing has an empty body.
      {"POST /echo HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n",
       ok("0:") + ok("path=/b")},
      {"HEAD /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n",
       "HTTP/1.1 200 OK\nContent-Length: 7\nConnection: keep-alive\n\n" + ok("path=/b")},
      {"GET /none HTTP/1.1\r\nHost: h\r\n\r\n",
       "HTTP/1.1 204 No Content\nConnection: keep-alive\n\n"},
      // No byte behind an unreadable request is taken for a request.
      {"GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n",
       bad + "73\nConnection: close\n\n"
             R"({"error":"BadRequest","message":"expected exactly one Host field; got 0"})"},
      // A body that ends too early gets no answer, nor does a head; an answer that does not depend
      // on the body does not wait for it.
      {"PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc", ""},
      {"PUT /ignore HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc", ok("path=/ignore")},
      {"GET /a HTTP/1.1\r\nHo", ""},
      {"", ""},
  };
  for (const Row& row : rows) {
    std::string expected = row.answers;
    EXPECT_EQ(answers_to(row.requests), expected) << row.requests;
    for (std::size_t first = 0; first < row.requests.size(); ++first) {
      ASSERT_EQ(answers_to(row.requests, first, row.requests.size()), expected)
          << row.requests << "\nsplit at " << first;
    }
    EXPECT_EQ(answers_to(row.requests, 1, 1), expected) << row.requests;
  }
}

TEST_F(ServerSessionTest, SendsABodyThatIsNotInMemory) {
  const std::string next = " HTTP/1.1\r\nHost: a\r\n\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string whole = ok(std::string(60'000, 'f'));
  EXPECT_TRUE(answers_to("GET /file" + next) == whole + ok("path=/a"));
  EXPECT_EQ(answers_to("HEAD /file" + next),
            whole.substr(0, whole.find("\n\n") + 2) + ok("path=/a"));
  const std::string torn = answers_to("GET /torn" + next);
  EXPECT_TRUE(torn.contains("Content-Length: 60005\n") && torn.ends_with("fff"));
  EXPECT_EQ(answers_to("GET /stream" + next), "HTTP/1.1 200 OK\nConnection: close\n\nfff");
}

TEST_F(ServerSessionTest, BrokenChunkedFramingEndsTheConnection) {
  const std::string answers = answers_to(
      "PUT /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "zz\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(answers.starts_with("HTTP/1.1 400 Bad Request\n")) << answers;
  EXPECT_NE(answers.find("Connection: close\n"), std::string::npos);
  EXPECT_EQ(handler_.calls, 1);
}

TEST_F(ServerSessionTest, AnswersAHeadThatIsTooLarge) {
  start();
  send("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(limits::head_bytes_max, 'x'));
  EXPECT_TRUE(receive_all().starts_with("HTTP/1.1 431 "));
  close_client();
  finish();
}

TEST_F(ServerSessionTest, SendsContinueBeforeTheBodyIsRead) {
  start();
  send("PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(receive_through("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  send("abc");
  EXPECT_EQ(normal(receive_through("3:abc")), ok("3:abc"));
}

TEST_F(ServerSessionTest, ARefusalComesWithoutContinueAndEndsTheConnection) {
  start();
  send("PUT /ignore HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(normal(receive_all()), ok("path=/ignore", "close"));
  EXPECT_FALSE(done_) << "it lingers";
  send("abcGET /b HTTP/1.1\r\nHost: h\r\n\r\n");
  close_client();
  finish();
  EXPECT_EQ(handler_.calls, 1);
}

TEST_F(ServerSessionTest, ABodyInACodingIsRefusedBeforeItIsRead) {
  const std::string next = "GET /next HTTP/1.1\r\nHost: h\r\n\r\n";
  for (const char* field : {"Content-Encoding: gzip", "content-encoding: identity, br",
                            "Content-Transfer-Encoding: base64"}) {
    for (const char* body : {"Content-Length: 3\r\n\r\nabc",
                             "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"}) {
      const std::string answers =
          answers_to("PUT /a HTTP/1.1\r\nHost: h\r\n" + std::string(field) + "\r\n" + body + next);
      EXPECT_TRUE(answers.starts_with("HTTP/1.1 415 Unsupported Media Type\n")) << answers;
      EXPECT_NE(answers.find("\nAccept-Encoding: identity\n"), std::string::npos) << answers;
      EXPECT_TRUE(answers.ends_with(ok("path=/next"))) << answers;
      EXPECT_EQ(handler_.completed, std::vector<std::string>{"/a"});
      handler_.completed.clear();
    }
  }
  for (const char* body : {"Content-Encoding: gzip\r\n\r\n",
                           "Content-Encoding: identity\r\nContent-Length: 0\r\n\r\n"}) {
    EXPECT_TRUE(answers_to("GET /a HTTP/1.1\r\nHost: h\r\n" + std::string(body) + next)
                    .starts_with("HTTP/1.1 200 "))
        << body;
  }
}

TEST_F(ServerSessionTest, ALongUnwantedBodyIsAnsweredAtOnceAndNotReset) {
  start();
  const std::string length = std::to_string(limits::drain_bytes_max + 1);
  send("PUT /ignore HTTP/1.1\r\nHost: h\r\nContent-Length: " + length + "\r\n\r\n");
  const std::string much(1'000'000, 'x');
  send(much);
  EXPECT_EQ(normal(receive_all()), ok("path=/ignore", "close"));
  send(much);
  EXPECT_FALSE(done_) << "it lingers, so that the client can go on sending and read";
  end_of_client();
  finish();
}

TEST_F(ServerSessionTest, AShortUnwantedBodyIsReadBehindTheAnswer) {
  start();
  send("PUT /ignore HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n");
  send(std::string(200'000, 'x'));
  EXPECT_EQ(normal(receive_through("ignore")), ok("path=/ignore"));
  send(std::string(100'000, 'x') + "GET /b HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(normal(receive_through("/b")), ok("path=/b"));
}

// The size of its first chunk says that the client did not wait for the 100.
TEST_F(ServerSessionTest, ARefusalInTheMiddleOfAChunksSizeIsTheLastWordToAnExpectation) {
  start();
  send(
      "PUT /ignore HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
      "Expect: 100-continue\r\n\r\n3");
  EXPECT_EQ(normal(receive_through("ignore")), ok("path=/ignore"));
  send("\r\nabc\r\n0\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(normal(receive_through("/b")), ok("path=/b"));
}

TEST_F(ServerSessionTest, AnUnwantedBodyThatBreaksOffEndsTheConnection) {
  settings_.body = {20ms};
  start();
  send("PUT /ignore HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nab");
  EXPECT_EQ(normal(receive_through("ignore")), ok("path=/ignore"));
  end_of_client();
  finish();
  EXPECT_EQ(receive_all(), "");
}

TEST_F(ServerSessionTest, LingersOnlyForItsTime) {
  settings_.linger_time = 20ms;
  start();
  send("GET / HTTP/1.1\r\n\r\n");
  finish();
  EXPECT_TRUE(receive_all().starts_with("HTTP/1.1 400 "));
}

TEST_F(ServerSessionTest, LingersForASilentClientOnlyAWhile) {
  settings_.linger_silence = 20ms;
  start();
  send("GET / HTTP/1.1\r\n\r\n");
  finish();
  EXPECT_TRUE(receive_all().starts_with("HTTP/1.1 400 "));
}

TEST_F(ServerSessionTest, LingersNoLongerForAClientThatSendsWhileItDrains) {
  settings_.linger_silence = 100ms;
  ServerSession& session = start();
  send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(receive_all().starts_with("HTTP/1.1 400 "));
  session.drain();
  drive_until([this] {
    send("x");
    return done_;
  });
}

TEST_F(ServerSessionTest, AnExceptionIsA500ThatNamesTheRequest) {
  const std::string answer = answers_to(
      "PUT /throw HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\nHost: "
      "h\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 500 Internal Server Error\n")) << answer;
  EXPECT_NE(answer.find("Connection: close\n"), std::string::npos);
  EXPECT_EQ(answer.find("on purpose"), std::string::npos);
  ASSERT_EQ(log_.lines.size(), 2U);
  EXPECT_TRUE(log_.lines[0].starts_with("request failed request=")) << log_.lines[0];
  EXPECT_TRUE(log_.lines[0].ends_with(" reason=on purpose")) << log_.lines[0];
  EXPECT_EQ(handler_.calls, 1);
}

TEST_F(ServerSessionTest, ASilentConnectionIsClosedWithoutAWord) {
  settings_.idle_timeout = 10ms;
  start();
  finish();
  EXPECT_EQ(receive_all(), "");
  EXPECT_TRUE(log_.lines.empty());
}

TEST_F(ServerSessionTest, AHeadThatTakesTooLongIsA408) {
  settings_.head_timeout = 30ms;
  start();
  send("GET / HT");
  const auto start_time = std::chrono::steady_clock::now();
  drive_until([&] { return std::chrono::steady_clock::now() - start_time > 10ms; });
  send("TP/1.1\r\n");  // A further byte does not renew the time.
  const std::string answer = normal(receive_all());
  EXPECT_LT(std::chrono::steady_clock::now() - start_time, 20s);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 408 Request Timeout\n")) << answer;
  EXPECT_NE(answer.find("within 30 ms"), std::string::npos) << answer;
}

TEST_F(ServerSessionTest, ABodyThatStopsIsA408) {
  settings_.body = {10ms};
  start();
  send("PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc");
  const std::string answer = normal(receive_all());
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 408 Request Timeout\n")) << answer;
  EXPECT_NE(answer.find("Connection: close\n"), std::string::npos);
}

TEST_F(ServerSessionTest, TheLastRequestOfAConnectionSaysSo) {
  settings_.requests_max = 2;
  start();
  send(
      "GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n"
      "GET /c HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(normal(receive_all()), ok("path=/a") + ok("path=/b", "close"));
  EXPECT_EQ(handler_.calls, 2);
}

TEST_F(ServerSessionTest, AnswersOfItsOwnAreCompletedToo) {
  for (const char* request :
       {"nonsense\r\n\r\n", "GET /throw HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"}) {
    start();
    send(request);
    const std::string answer = receive_all();
    EXPECT_NE(answer.find("\r\nCompleted: "), std::string::npos) << answer;
    close_client();
    finish();
  }
  EXPECT_EQ(handler_.completed, (std::vector<std::string>{"", "/throw"}));
}

TEST_F(ServerSessionTest, AClientThatDoesNotReadIsGivenUp) {
  settings_.write = {20ms};
  start();
  send("GET /large HTTP/1.1\r\nHost: h\r\n\r\n");
  finish();
  ASSERT_EQ(log_.lines.size(), 1U);
  EXPECT_TRUE(log_.lines[0].ends_with("answered=0")) << log_.lines[0];
}

TEST_F(ServerSessionTest, DrainClosesAnIdleConnectionAtOnce) {
  ServerSession& session = start();
  send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(normal(receive_through("path=/a")), ok("path=/a"));
  session.drain();
  finish();
  EXPECT_EQ(receive_all(), "");
}

TEST_F(ServerSessionTest, DrainStillAnswersWhatWasSentBefore) {
  ServerSession& session = start();
  run_ready();
  session.drain();
  // The server's loop has not run since.
  send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(normal(receive_all()), ok("path=/a", "close"));
  finish();
}

TEST_F(ServerSessionTest, DrainLetsABusyConnectionFinish) {
  ServerSession& session = start();
  send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n");
  session.drain();
  run_ready();
  EXPECT_FALSE(done_);
  handler_.go_on->set();
  EXPECT_EQ(normal(receive_all()), ok("path=/wait", "close"));
  EXPECT_EQ(handler_.calls, 1);
}

TEST_F(ServerSessionTest, CutEndsABodyAndAnswers) {
  ServerSession& session = start();
  send("PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc");
  session.drain();
  run_ready();
  EXPECT_FALSE(done_);
  session.cut(Errc::draining);
  const std::string answer = normal(receive_all());
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 Service Unavailable\n")) << answer;
  EXPECT_NE(answer.find("Retry-After: "), std::string::npos) << answer;
  finish();
}

TEST_F(ServerSessionTest, CutEndsAPartOfAHeadAndALinger) {
  ServerSession& reading = start();
  send("GET /a HT");
  reading.cut(Errc::draining);
  finish();
  EXPECT_EQ(receive_all(), "");

  ServerSession& lingering = start();
  send("nonsense\r\n\r\n");
  EXPECT_TRUE(receive_all().starts_with("HTTP/1.1 400 "));
  EXPECT_FALSE(done_);
  lingering.cut(Errc::draining);
  finish();
}

TEST_F(ServerSessionTest, LogsAndCountsEachRequestWithoutItsPath) {
  answers_to("PUT /upload HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcnonsense\r\n\r\n");
  ASSERT_EQ(log_.lines.size(), 2U);
  const std::regex first(
      "request request=" + handler_.last_context.request_id +
      R"( upload=7 peer=192\.0\.2\.1 method=PUT route=scripted dialect= status=200 bytes=3 milliseconds=[0-9.]+ answered=1)");
  EXPECT_TRUE(std::regex_match(log_.lines[0], first)) << log_.lines[0];
  const std::regex second(
      R"(request request=[\w-]{12} peer=192\.0\.2\.1 method=- route=none dialect= status=400 bytes=0 milliseconds=[0-9.]+ answered=1)");
  EXPECT_TRUE(std::regex_match(log_.lines[1], second)) << log_.lines[1];
  const RequestCounter::Counts expected{{{"none", 400}, 1}, {{"scripted", 200}, 1}};
  EXPECT_EQ(metrics_.requests.counts(), expected);
  EXPECT_EQ(metrics_.bytes_received.value(), 3U);
}

TEST_F(ServerSessionTest, EveryAnswerCarriesARequestIdOfItsOwn) {
  start();
  std::map<std::string, int> ids;
  for (int i = 0; i < 3; ++i) {
    send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    const std::string answer = receive_through("path=/a");
    const std::size_t at = answer.find("X-Request-Id: ");
    ASSERT_NE(at, std::string::npos);
    const std::string id = answer.substr(at + 14, answer.find('\r', at) - at - 14);
    EXPECT_EQ(id, handler_.last_context.request_id);
    ++ids[id];
  }
  EXPECT_EQ(ids.size(), 3U);
}

TEST_F(ServerSessionTest, NoAnswerLetsABrowserGuess) {
  start();
  send("GET /a HTTP/1.1\r\nHost: h\r\n\r\nno request\r\n\r\n");
  const std::string answers = receive_all();
  const std::string_view field = "\r\nX-Content-Type-Options: nosniff\r\n";
  EXPECT_NE(answers.find(field), answers.rfind(field)) << "once in each of the two";
}

TEST_F(ServerSessionTest, CostsLittle) {
  EXPECT_LE(sizeof(ServerSession), 192U);  // Promise 7: a connection in total costs a few KiB.
}

}  // namespace
}  // namespace sluice::http
