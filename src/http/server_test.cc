// SPDX-License-Identifier: MIT
#include "http/server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/listener.h"
#include "runtime/worker.h"

namespace sluice::http {
namespace {

using namespace std::chrono_literals;

// Waits for a body that does not come, and tells the test that it waits.
class WaitingHandler final : public Handler {
 public:
  runtime::Task<ReplyPtr> handle(Exchange& exchange) override {
    auto reply = std::make_unique<Reply>();
    if (exchange.request().framing != Framing::none) {
      waiting.set_value(&exchange.body());
      const Result<> waited = co_await exchange.body().wait_readable();
      reply->response = waited ? json_response(200, "{}") : error_response(waited.error());
    }
    co_return reply;
  }

  std::promise<runtime::ByteSource*> waiting;
};

// A server with two workers, and real clients.
class ServerOnThreads : public ::testing::Test {
 protected:
  ServerOnThreads() {
    auto opened = net::Listener::open(first_.executor(), net::Endpoint{"127.0.0.1", 0},
                                      net::Listener::Settings(), limits_, log_, metrics_);
    EXPECT_TRUE(opened);
    address_.sin_family = AF_INET;
    address_.sin_port = htons((*opened)->endpoint().port);
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server_.emplace(std::vector{&first_, &second_}, handler_, settings_, Duration(1), log_,
                    metrics_);
    server_->add(*std::move(opened));
    server_->start();
  }
  ~ServerOnThreads() override {
    server_->drain();
    first_.stop();
    second_.stop();
    server_->close();
  }

  // The socket of a new client, or -1 where the kernel refuses it.
  int connect() const {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address_), sizeof address_) == 0) {
      return descriptor;
    }
    ::close(descriptor);
    return -1;
  }
  // A client that sends `request` and reads up to the server's end.
  std::string exchange(std::string_view request, const std::function<void()>& meanwhile = {}) {
    const int descriptor = connect();
    EXPECT_EQ(::send(descriptor, request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
    if (meanwhile) {
      meanwhile();
    }
    std::string answer;
    std::array<char, 4096> piece{};
    for (ssize_t count = 1; count > 0;) {
      count = ::recv(descriptor, piece.data(), piece.size(), 0);
      answer.append(piece.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    }
    ::close(descriptor);
    return answer;
  }

  NullLog log_;
  Metrics metrics_;
  net::ConnectionLimits limits_{{.total_max = 1000, .per_address_max = 0, .proxies = {}}, metrics_};
  WaitingHandler handler_;
  SessionSettings settings_;
  sockaddr_in address_{};
  std::optional<Server> server_;  // Outlives the loops.
  runtime::Worker first_{"first", log_};
  runtime::Worker second_{"second", log_};
};

TEST_F(ServerOnThreads, AnswersRealClientsOnEveryWorker) {
  for (int i = 0; i < 4; ++i) {
    const std::string answer = exchange("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  }
  EXPECT_EQ(metrics_.connections_accepted.value(), 4U);
}

TEST_F(ServerOnThreads, ABodyIsCancelledFromAnotherThreadAndAnswered) {
  const std::string answer =
      exchange("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n",
               [this] { handler_.waiting.get_future().get()->cancel(Errc::taken_over); });
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n")) << answer;
  EXPECT_NE(answer.find("TakenOver"), std::string::npos);
}

TEST_F(ServerOnThreads, CutEndsARequestOnItsWorker) {
  const std::string answer =
      exchange("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n", [this] {
        handler_.waiting.get_future().wait();
        server_->drain();
      });
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n")) << answer;
  EXPECT_NE(answer.find("Draining"), std::string::npos);
}

TEST_F(ServerOnThreads, ADrainedServerEndsIdleConnectionsAndTakesNoFurtherOnes) {
  const int idle = connect();
  const std::string_view request = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  ASSERT_EQ(::send(idle, request.data(), request.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(request.size()));
  std::array<char, 4096> answer{};
  EXPECT_GT(::recv(idle, answer.data(), answer.size(), 0), 0);
  server_->drain();
  EXPECT_EQ(::recv(idle, answer.data(), answer.size(), 0), 0);
  ::close(idle);
  EXPECT_EQ(connect(), -1);
}

}  // namespace
}  // namespace sluice::http
