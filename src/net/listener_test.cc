// SPDX-License-Identifier: MIT
#include "net/listener.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "support/run.h"

namespace sluice::net {
namespace {

constexpr std::uint32_t connections_max = 1000;
constexpr Listener::Settings settings;

using namespace std::chrono_literals;

// A blocking socket of a client. Connecting does not need the server's loop: the kernel's backlog
// answers.
class Client {
 public:
  Client() : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    SLUICE_CHECK(descriptor_ >= 0);
  }
  ~Client() { ::close(descriptor_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connect(const Endpoint& endpoint) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(endpoint.port);
    ::inet_pton(AF_INET, endpoint.address.c_str(), &address.sin_addr);
    return ::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  // The stream's end or a reset; waits for either.
  bool is_closed() {
    char byte = 0;
    return ::recv(descriptor_, &byte, 1, 0) <= 0;
  }

 private:
  int descriptor_;
};

class CountingLog final : public Log {
 public:
  void write(LogLevel, std::string_view, LogFields) noexcept override { ++lines; }
  int lines = 0;
};

class ListenerTest : public ::testing::Test {
 protected:
  void open(const char* text = "127.0.0.1:0") {
    auto opened = Listener::open(context_.get_executor(), *parse_endpoint(text), settings, limits_,
                                 log_, metrics_);
    SLUICE_CHECK(opened.has_value());
    listener_ = std::move(*opened);
  }
  void run() { testing::start_in(context_, listener_->run(targets()), done_, exception_); }
  std::vector<Listener::Target> targets() {
    std::vector<Listener::Target> all;
    for (auto* taken : {&first_, &second_}) {
      all.push_back(
          {context_.get_executor(), sweeper_, [taken](std::unique_ptr<ByteStream> stream) {
             stream->end_idle();  // It is at work.
             taken->push_back(std::move(stream));
           }});
    }
    return all;
  }
  void drive_until(const std::function<bool()>& reached) {
    const auto give_up_at = std::chrono::steady_clock::now() + 1min;
    while (!reached()) {
      context_.restart();
      context_.run_one_for(10ms);
      SLUICE_CHECK(std::chrono::steady_clock::now() < give_up_at);
    }
  }
  std::size_t taken() const { return first_.size() + second_.size(); }

  CountingLog log_;
  Metrics metrics_;
  ConnectionLimits limits_{{.total_max = connections_max, .per_address_max = 4, .proxies = {}},
                           metrics_};
  runtime::DeadlineSweeper sweeper_;
  boost::asio::io_context context_{1};
  std::vector<std::unique_ptr<ByteStream>> first_;
  std::vector<std::unique_ptr<ByteStream>> second_;
  std::unique_ptr<Listener> listener_;
  bool done_ = false;
  std::exception_ptr exception_;
};

TEST_F(ListenerTest, DealsConnectionsOutInTurnsAndCountsThem) {
  open();
  EXPECT_NE(listener_->endpoint().port, 0);
  run();
  Client clients[4];
  for (Client& client : clients) {
    ASSERT_TRUE(client.connect(listener_->endpoint()));
  }
  drive_until([&] { return taken() == 4; });
  EXPECT_EQ(first_.size(), 2U);
  EXPECT_EQ(second_.size(), 2U);
  EXPECT_EQ(first_.front()->peer_address(), "127.0.0.1");
  EXPECT_EQ(metrics_.connections_accepted.value(), 4U);
  EXPECT_EQ(metrics_.connections_open.value(), 4);
  first_.clear();
  EXPECT_EQ(metrics_.connections_open.value(), 2);
}

TEST_F(ListenerTest, StopRefusesNewConnectionsAndEndsTheLoop) {
  open();
  run();
  listener_->stop();
  testing::drive(context_, done_);
  EXPECT_FALSE(exception_);
  Client client;
  EXPECT_FALSE(client.connect(listener_->endpoint()));
}

TEST_F(ListenerTest, ClosesConnectionsBeyondTheBound) {
  open();
  run();
  std::vector<ConnectionSlot> others;
  for (std::uint32_t i = 1; i < connections_max; ++i) {
    others.push_back(*limits_.admit(std::nullopt));
    others.back().end_idle();
  }
  Client last;
  Client beyond;
  ASSERT_TRUE(last.connect(listener_->endpoint()));
  drive_until([&] { return taken() == 1; });
  ASSERT_TRUE(beyond.connect(listener_->endpoint()));
  drive_until([&] { return metrics_.connections_accepted.value() == 2; });
  EXPECT_TRUE(beyond.is_closed());
  EXPECT_EQ(log_.lines, 1);
}

TEST_F(ListenerTest, ClosesConnectionsBeyondTheBoundOfTheirAddress) {
  open();
  run();
  Client clients[4];
  for (Client& client : clients) {
    ASSERT_TRUE(client.connect(listener_->endpoint()));
  }
  drive_until([&] { return taken() == 4; });
  Client beyond;
  ASSERT_TRUE(beyond.connect(listener_->endpoint()));
  drive_until([&] { return metrics_.connections_accepted.value() == 5; });
  EXPECT_TRUE(beyond.is_closed());
  EXPECT_EQ(log_.lines, 1);
  first_.pop_back();
  Client again;
  ASSERT_TRUE(again.connect(listener_->endpoint()));
  drive_until([&] { return taken() == 4; });
}

TEST_F(ListenerTest, SurvivesRunningOutOfDescriptorsWithoutSpinning) {
#if __has_feature(undefined_behavior_sanitizer)
  GTEST_SKIP() << "the sanitizer needs descriptors itself: it looks at memory through a pipe";
#endif
  open();
  run();
  Client client;
  context_.poll();
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_TRUE(client.connect(listener_->endpoint()));
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto began = std::chrono::steady_clock::now();
  drive_until([&] { return log_.lines == 1; });
  // While it pauses the loop has nothing to do, although the socket stays readable.
  context_.restart();
  const bool has_run = context_.run_one_for(limits::accept_pause / 4) != 0;
  EXPECT_TRUE(!has_run || std::chrono::steady_clock::now() - began >= limits::accept_pause);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  drive_until([&] { return taken() == 1; });
  EXPECT_EQ(taken(), 1U);
}

TEST_F(ListenerTest, ListensOnIpv6) {
  open("[::1]:0");
  EXPECT_EQ(listener_->endpoint().address, "::1");
}

TEST_F(ListenerTest, ListensOnAUnixSocketWhoseNameGoesWithIt) {
  std::string directory = ::testing::TempDir() + "sluice_listener_XXXXXX";
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  const std::string path = directory + "/s";
  open(("unix:" + path).c_str());
  run();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::ranges::copy(path, address.sun_path);
  const int client = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  drive_until([&] { return taken() == 1; });
  EXPECT_EQ(first_.front()->peer_address(), "unix");
  listener_->stop();
  testing::drive(context_, done_);
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
  ::close(client);
  EXPECT_EQ(::rmdir(directory.c_str()), 0);
}

TEST_F(ListenerTest, ErrorsNameTheAddressAndTheReason) {
  open();
  struct Row {
    std::string address;
    const char* reason;
  };
  const Row rows[] = {{to_text(listener_->endpoint()), "Address already in use"},
                      {"192.0.2.1:0", "Cannot assign requested address"}};
  for (const Row& row : rows) {
    const auto second = Listener::open(context_.get_executor(), *parse_endpoint(row.address),
                                       settings, limits_, log_, metrics_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().message(), "cannot bind " + row.address + ": " + row.reason);
  }
}

}  // namespace
}  // namespace sluice::net
