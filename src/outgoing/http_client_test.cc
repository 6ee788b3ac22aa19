// SPDX-License-Identifier: MIT
#include "outgoing/http_client.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <cstdlib>
#include <functional>

#include "runtime/event.h"
#include "support/raw_server.h"
#include "support/run.h"
#include "support/temporary_directory.h"

namespace sluice::outgoing {
namespace {

namespace asio = boost::asio;
using testing::any_port;
using testing::RawServer;

using TcpServer = RawServer<asio::ip::tcp>;

HttpRequest request_to(const TcpServer& server) {
  HttpRequest request;
  request.target =
      *parse_target("http://127.0.0.1:" + std::to_string(server.endpoint().port()) + "/v?a=1");
  request.body = std::make_shared<TextBody>("hello");
  return request;
}

class HttpClientTest : public ::testing::Test {
 protected:
  Result<HttpAnswer> send(HttpRequest request) {
    return testing::run(client_.send(std::move(request)));
  }
  Result<HttpAnswer> send_for(const std::string& answer,
                              const std::function<void(HttpRequest&)>& change = {}) {
    const TcpServer server(any_port, {answer});
    HttpRequest request = request_to(server);
    if (change) {
      change(request);
    }
    return send(std::move(request));
  }

  runtime::BlockingPool pool_{2};
  HttpClient client_{pool_};
};

TEST_F(HttpClientTest, believes_no_retry_after_beyond_a_day) {
  const auto asked = [this](const std::string& seconds) {
    const Result<HttpAnswer> answer =
        send_for("HTTP/1.1 503 No\r\nRetry-After: " + seconds + "\r\nContent-Length: 0\r\n\r\n");
    return answer ? answer->retry_after : std::nullopt;
  };
  EXPECT_EQ(asked("120"), std::chrono::minutes(2));
  EXPECT_EQ(asked("9223372036854775807"), limits::retry_after_max);
}

TEST_F(HttpClientTest, sends_exactly_what_it_was_given) {
  TcpServer server(any_port, {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\n\r\n{}"});
  HttpRequest request = request_to(server);
  request.headers = {{"X-One", "1"}, {"X-Empty", ""}};
  const Result<HttpAnswer> answer = send(request);
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "{}");
  EXPECT_EQ(find_header(answer->headers, "x-a"), "b");
  EXPECT_EQ(server.requests().at(0),
            "POST /v?a=1 HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.endpoint().port()) +
                "\r\nUser-Agent: sluice\r\nAccept: */*\r\nX-One: 1\r\nX-Empty:\r\n"
                "Content-Length: 5\r\n\r\nhello");
}

TEST_F(HttpClientTest, waits_for_no_body_of_an_answer_to_head) {
  const TcpServer server(any_port, {"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"});
  HttpRequest request = request_to(server);
  request.method = "HEAD";
  request.body = nullptr;
  const Result<HttpAnswer> answer = send(request);
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(find_header(answer->headers, "Content-Length"), "500");
}

// Answers the first request, takes one more on each connection that there is, and closes them.
class ForgetfulServer {
 public:
  ForgetfulServer() : thread_([this] { serve(); }) {}
  ~ForgetfulServer() { thread_.join(); }

  std::string url() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/";
  }

  std::atomic<int> taken = 0;

 private:
  void serve() {
    asio::ip::tcp::socket kept(context_);
    acceptor_.accept(kept);
    take(kept);
    asio::write(kept, asio::buffer(std::string("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")));
    // The next request comes over this connection or over another one.
    pollfd waiting[] = {{kept.native_handle(), POLLIN, 0}, {acceptor_.native_handle(), POLLIN, 0}};
    ::poll(waiting, 2, 30'000);
    if (waiting[0].revents != 0) {
      take(kept);
      kept.close();
    }
    pollfd other = {acceptor_.native_handle(), POLLIN, 0};
    if (::poll(&other, 1, 30'000) == 1) {
      asio::ip::tcp::socket fresh(context_);
      acceptor_.accept(fresh);
      take(fresh);
    }
  }
  void take(asio::ip::tcp::socket& socket) {
    std::string request;
    boost::system::error_code error;
    asio::read_until(socket, asio::dynamic_buffer(request), "hello", error);
    taken += error ? 0 : 1;
  }

  asio::io_context context_;
  asio::ip::tcp::acceptor acceptor_{context_, any_port};
  std::thread thread_;
};

TEST_F(HttpClientTest, a_request_that_is_sent_once_is_not_sent_again_over_another_connection) {
  for (const bool sent_once : {false, true}) {
    ForgetfulServer server;
    HttpRequest request;
    request.target = *parse_target(server.url());
    request.body = std::make_shared<TextBody>("hello");
    ASSERT_TRUE(send(request));
    request.sent_once = sent_once;
    EXPECT_FALSE(send(request));
    EXPECT_EQ(server.taken, sent_once ? 2 : 3);
  }
}

TEST_F(HttpClientTest, sends_a_large_body_in_steps) {
  TcpServer server(any_port, {"HTTP/1.1 204 No Content\r\n\r\n"});
  HttpRequest request = request_to(server);
  const std::string large(3'000'000, 'x');
  request.body = std::make_shared<JoinedBody>(std::vector<std::shared_ptr<const Body>>{
      std::make_shared<TextBody>("<"), std::make_shared<TextBody>(large),
      std::make_shared<TextBody>(">")});
  const Result<HttpAnswer> answer = send(request);
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->status, 204);
  EXPECT_TRUE(server.requests().at(0).ends_with("\r\n\r\n<" + large + ">"));
}

TEST_F(HttpClientTest, takes_every_whole_answer) {
  const struct {
    const char* answer;
    int status;
    const char* body;
  } cases[] = {
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n", 200,
       "abc"},
      {"HTTP/1.1 200 OK\r\n\r\nup to the end", 200, "up to the end"},
      {"HTTP/1.1 103 Early Hints\r\nX-E: 1\r\n\r\nHTTP/1.1 422 No\r\nContent-Length: 1\r\n\r\n!",
       422, "!"},
      {"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", 302, ""},
      {"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", 503, ""},
  };
  for (const auto& row : cases) {
    const Result<HttpAnswer> answer = send_for(row.answer);
    ASSERT_TRUE(answer) << row.answer << answer.error().message();
    EXPECT_EQ(answer->status, row.status);
    EXPECT_EQ(answer->body, row.body);
    EXPECT_FALSE(find_header(answer->headers, "X-T"));
    EXPECT_FALSE(find_header(answer->headers, "X-E"));
  }
}

TEST_F(HttpClientTest, a_broken_answer_is_none) {
  for (const char* answer :
       {"", "HTTP/1.1 200 OK\r\nContent-Len", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive!",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 0\r\n\r\n", "garbage\r\n\r\n",
        "HTTP/1.1 700 What\r\nContent-Length: 0\r\n\r\n"}) {
    const Result<HttpAnswer> result = send_for(answer);
    ASSERT_FALSE(result) << answer;
    EXPECT_EQ(result.error().code(), Errc::delivery_failed) << answer;
  }
}

TEST_F(HttpClientTest, bounds_head_and_body_of_an_answer) {
  EXPECT_FALSE(send_for("HTTP/1.1 200 OK\r\nX-A: " + std::string(70'000, 'a') +
                        "\r\nContent-Length: 0\r\n\r\n"));
  const auto small = [](HttpRequest& request) { request.answer_bytes_inline_max = 4; };
  EXPECT_TRUE(send_for("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd", small));
  const auto answer = send_for("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde", small);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message(), "the answer is longer than 4 bytes");
}

class TextSink final : public AnswerSink {
 public:
  Result<> write(Bytes bytes) override {
    text += as_text(bytes);
    return {};
  }
  std::string text;
};

TEST_F(HttpClientTest, a_long_answer_goes_into_the_sink_as_a_whole) {
  const auto sink = std::make_shared<TextSink>();
  const auto change = [&](HttpRequest& request) {
    request.answer_bytes_inline_max = 10;
    request.answer_bytes_max = 100'000;
    request.sink = sink;
  };
  const std::string body(100'000, 'b');
  const auto answer = send_for("HTTP/1.1 200 OK\r\n\r\n" + body, change);
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_TRUE(answer->in_sink);
  EXPECT_EQ(answer->body, "");
  EXPECT_EQ(answer->body_size, body.size());
  EXPECT_EQ(sink->text, body);
  EXPECT_FALSE(send_for("HTTP/1.1 200 OK\r\n\r\n" + body + "!", change));
}

TEST_F(HttpClientTest, deadlines_end_what_hangs) {
  const auto quick = [](HttpRequest& request) {
    request.deadlines.whole = std::chrono::milliseconds(300);
  };
  {
    const TcpServer server(any_port, {"HTTP/1.1 200 OK\r\n"}, true);
    HttpRequest request = request_to(server);
    quick(request);
    EXPECT_FALSE(send(request));
  }
  const TcpServer server(any_port, {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"}, true);
  HttpRequest request = request_to(server);
  request.deadlines.stall = std::chrono::milliseconds(300);
  const auto answer = send(request);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message(), "nothing moved for 0.3 s");
}

// Takes longer than the answer may.
class SlowBody final : public Body {
 public:
  std::uint64_t size() const noexcept override {
    return limits::outgoing_bytes_per_second_min * 60;
  }
  Result<std::size_t> read_at(std::uint64_t offset, MutableBytes buffer) const override {
    const auto end = began_ + std::chrono::milliseconds(2500);
    while (offset == 0 && std::chrono::steady_clock::now() < end) {
      std::this_thread::yield();
    }
    std::ranges::fill(buffer, std::byte{'x'});
    return static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), size() - offset));
  }

 private:
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

TEST_F(HttpClientTest, the_time_for_the_answer_is_not_taken_by_the_body) {
  const auto change = [](HttpRequest& request) {
    request.body = std::make_shared<SlowBody>();
    request.deadlines.whole = std::chrono::seconds(2);
  };
  const auto answer = send_for("HTTP/1.1 204 No Content\r\n\r\n", change);
  EXPECT_TRUE(answer) << answer.error().message();
}

TEST_F(HttpClientTest, nothing_of_the_environment_counts) {
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  ::setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
  EXPECT_TRUE(send_for("HTTP/1.1 204 No Content\r\n\r\n"));
  ::unsetenv("http_proxy");
  ::unsetenv("ALL_PROXY");
}

TEST_F(HttpClientTest, refuses_headers_that_would_break_the_head) {
  HttpRequest request;
  request.target = *parse_target("http://127.0.0.1:1/");
  for (const auto& header : {std::pair<std::string, std::string>("X-A", "b\r\nX-B: c"),
                             std::pair<std::string, std::string>("X A", "b")}) {
    request.headers = {header};
    const auto answer = send(request);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), Errc::internal);
  }
}

TEST_F(HttpClientTest, speaks_over_a_unix_socket) {
  const testing::TemporaryDirectory directory;
  const std::string path = directory.path() + "/app.sock";
  RawServer<asio::local::stream_protocol> server(path, {"HTTP/1.1 204 No Content\r\n\r\n"});
  HttpRequest request;
  request.target = *parse_target("unix:" + path + ":/videos");
  const auto answer = send(request);
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_TRUE(server.requests().at(0).starts_with("POST /videos HTTP/1.1\r\nHost: localhost\r\n"));
}

class StoppingSink final : public AnswerSink {
 public:
  explicit StoppingSink(runtime::Event& reached) : reached_(reached) {}
  Result<> write(Bytes) override {
    reached_.set();
    return {};
  }

 private:
  runtime::Event& reached_;
};

TEST_F(HttpClientTest, stop_ends_what_is_under_way_and_what_comes_after) {
  const TcpServer server(any_port, {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"}, true);
  HttpRequest request = request_to(server);
  runtime::Event reached;
  request.answer_bytes_inline_max = 0;
  request.sink = std::make_shared<StoppingSink>(reached);
  std::thread stopper([&] {
    testing::run(reached.wait(std::chrono::minutes(1)));
    client_.stop();
  });
  const auto answer = send(request);
  stopper.join();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Errc::draining);
  EXPECT_EQ(send(request).error().code(), Errc::draining);
}

}  // namespace
}  // namespace sluice::outgoing
