// SPDX-License-Identifier: MIT
#include "http/connections.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "http/answer_budget.h"
#include "support/recording_log.h"
#include "support/run.h"
#include "support/scripted_handler.h"
#include "support/session_fixture.h"

namespace sluice::http {
namespace {

using namespace std::chrono_literals;

class ConnectionsTest : public testing::ConnectionFixture {
 protected:
  ConnectionsTest() {
    settings_.idle_timeout = settings_.head_timeout = settings_.linger_time = 1min;
    settings_.body = settings_.write = {1min};
  }

  SessionSettings settings_;
  testing::ScriptedHandler handler_;
  testing::RecordingLog log_;
  Metrics metrics_;
  Connections connections_{context_.get_executor(), handler_, settings_, log_, metrics_};
};

TEST_F(ConnectionsTest, DrainReachesWhatRunsAndWhatIsAddedLater) {
  connections_.add(connect());
  send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(receive_through("path=/a").contains("\r\nConnection: keep-alive\r\n"));
  EXPECT_EQ(connections_.size(), 1U);
  connections_.drain();
  EXPECT_TRUE(testing::run_in(context_, connections_.wait(1min)));

  connections_.add(connect());
  EXPECT_TRUE(testing::run_in(context_, connections_.wait(1min)));
  EXPECT_EQ(receive_all(), "") << "added while draining, with nothing sent";

  connections_.add(connect());
  send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(testing::run_in(context_, connections_.wait(1min)));
  const std::string answer = receive_all();
  EXPECT_TRUE(answer.contains("\r\nConnection: close\r\n") && answer.ends_with("path=/a"))
      << answer;
}

TEST_F(ConnectionsTest, CutEndsWhatDrainWaitsFor) {
  connections_.add(connect());
  send("PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc");
  connections_.drain();
  EXPECT_FALSE(testing::run_in(context_, connections_.wait(5ms)));
  connections_.cut(Errc::draining);
  EXPECT_TRUE(testing::run_in(context_, connections_.wait(1min)));
  EXPECT_TRUE(receive_all().starts_with("HTTP/1.1 503 "));
}

TEST_F(ConnectionsTest, AnAnswerThatNobodyReadsIsGivenUpForANewerOne) {
  AnswerBudget budget(10'000'000, metrics_);
  settings_.answers = &budget;
  Connections connections(context_.get_executor(), handler_, settings_, log_, metrics_);
  const std::string request = "GET /large HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
  std::vector<int> clients;
  for (int i = 0; i < 3; ++i) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    net::Socket socket(context_.get_executor());
    socket.assign(boost::asio::generic::stream_protocol(AF_UNIX, 0), ends[0]);
    connections.add(std::make_unique<net::TcpStream>(std::move(socket), "192.0.2.1", sweeper_));
    ASSERT_EQ(::send(ends[1], request.data(), request.size(), 0), std::ssize(request));
    clients.push_back(ends[1]);
    run_ready();
  }
  EXPECT_EQ(connections.size(), 2U) << "two answers of 4 MB are within the budget";
  EXPECT_EQ(metrics_.unsent_bytes.value(), 8'000'000);
  EXPECT_EQ(metrics_.answers_given_up.value(), 1U);
  for (const int client : clients) {
    ::close(client);
  }
  EXPECT_TRUE(testing::run_in(context_, connections.wait(1min)));
  EXPECT_EQ(metrics_.unsent_bytes.value(), 0);
}

TEST_F(ConnectionsTest, ALoopThatIsDestroyedWithConnectionsInItFreesThem) {
  auto loop = std::make_unique<boost::asio::io_context>(1);
  {
    Connections connections(loop->get_executor(), handler_, settings_, log_, metrics_);
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    net::Socket socket(loop->get_executor());
    socket.assign(boost::asio::generic::stream_protocol(AF_UNIX, 0), ends[0]);
    connections.add(std::make_unique<net::TcpStream>(
        std::move(socket), "192.0.2.1", sweeper_, net::ConnectionSlot(metrics_.connections_open)));
    loop->poll();
    EXPECT_EQ(metrics_.connections_open.value(), 1);
    ::close(ends[1]);
  }
  loop.reset();
  EXPECT_EQ(metrics_.connections_open.value(), 0);
}

}  // namespace
}  // namespace sluice::http
