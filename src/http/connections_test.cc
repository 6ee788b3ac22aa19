// SPDX-License-Identifier: MIT
#include "http/connections.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/listener.h"
#include "runtime/worker.h"

namespace sluice::http {
namespace {

using namespace std::chrono_literals;

// Waits for a body that does not come, and shows it to the test.
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

// A listener and connections on threads of their own, as the program has them, and real clients.
class ServerOnThreads : public ::testing::Test {
 protected:
  ServerOnThreads() {
    auto opened = net::Listener::open(first_.executor(), net::Endpoint{"127.0.0.1", 0},
                                      net::Listener::Settings(), limits_, log_, metrics_);
    EXPECT_TRUE(opened);
    listener_ = std::move(*opened);
    std::vector<net::Listener::Target> targets{target(first_, on_first_),
                                               target(second_, on_second_)};
    runtime::start(first_.executor(), log_, "listener", listener_->run(std::move(targets)));
  }
  ~ServerOnThreads() override {
    on(first_, [this] { listener_->stop(); });
    on(first_, [this] { on_first_.drain(); });
    on(second_, [this] { on_second_.drain(); });
    first_.stop();
    second_.stop();
  }

  static net::Listener::Target target(runtime::Worker& worker, Connections& connections) {
    return {worker.executor(), worker.deadlines(),
            [&connections](std::unique_ptr<net::ByteStream> stream) {
              connections.add(std::move(stream));
            }};
  }
  // Runs `act` on the worker's thread and waits for it.
  static void on(runtime::Worker& worker, const std::function<void()>& act) {
    std::promise<void> done;
    boost::asio::post(worker.executor(), [&] {
      act();
      done.set_value();
    });
    done.get_future().wait();
  }
  // A client that sends `request` and reads up to the server's end.
  std::string exchange(std::string_view request, const std::function<void()>& meanwhile = {}) {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(listener_->endpoint().port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address),
              0);
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
  runtime::Worker first_{"first", log_};
  runtime::Worker second_{"second", log_};
  Connections on_first_{first_.executor(), handler_, settings_, log_, metrics_};
  Connections on_second_{second_.executor(), handler_, settings_, log_, metrics_};
  std::unique_ptr<net::Listener> listener_;
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
        on(first_, [this] { on_first_.cut(Errc::draining); });
        on(second_, [this] { on_second_.cut(Errc::draining); });
      });
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n")) << answer;
  EXPECT_NE(answer.find("Draining"), std::string::npos);
}

}  // namespace
}  // namespace sluice::http
