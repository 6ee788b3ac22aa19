// SPDX-License-Identifier: MIT
// A connection in a test: the server's end as a stream on a loop, the client's as blocking calls
// that drive the loop until bytes have come.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "net/tcp_stream.h"
#include "runtime/deadline.h"

namespace sluice::testing {

class ConnectionFixture : public ::testing::Test {
 protected:
  ~ConnectionFixture() override { close_client(); }

  // The server's end of a new connection; the client's end replaces the one before.
  std::unique_ptr<net::TcpStream> connect() {
    close_client();
    std::array<int, 2> ends{};
    SLUICE_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    client_ = ends[1];
    at_end_ = false;
    net::Socket socket(context_.get_executor());
    socket.assign(boost::asio::generic::stream_protocol(AF_UNIX, 0), ends[0]);
    return std::make_unique<net::TcpStream>(std::move(socket), "192.0.2.1", sweeper_);
  }

  // All of `text`, running the server while the socket is full. Stops when the server has closed.
  void send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t count = ::send(client_, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (count < 0 && errno != EAGAIN) {
        return;
      }
      text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
      run_ready();
    }
  }
  void end_of_client() { ::shutdown(client_, SHUT_WR); }
  void close_client() {
    if (client_ >= 0) {
      ::close(std::exchange(client_, -1));
    }
  }

  // Runs the handlers that are ready.
  void run_ready() {
    context_.restart();
    context_.poll();
  }
  void drive_until(const std::function<bool()>& reached) {
    const auto give_up_at = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!reached()) {
      context_.restart();
      context_.run_one_for(std::chrono::milliseconds(1));
      const bool in_time = std::chrono::steady_clock::now() < give_up_at;
      SLUICE_CHECK(in_time);
    }
  }
  // The bytes that the server sends until it closes the stream.
  std::string receive_all() {
    std::string received;
    drive_until([&] {
      take(received);
      return at_end_;
    });
    return received;
  }
  // The bytes that the server sends, up to `end`.
  std::string receive_through(std::string_view end) {
    std::string received;
    drive_until([&] {
      take(received);
      return at_end_ || received.find(end) != std::string::npos;
    });
    return received;
  }
  // The bytes that have arrived, without waiting.
  std::string receive_ready() {
    run_ready();
    std::string received;
    take(received);
    return received;
  }
  bool at_end() const { return at_end_; }

  runtime::DeadlineSweeper sweeper_;
  boost::asio::io_context context_{1};

 private:
  void take(std::string& received) {
    std::array<char, 65'536> piece;
    for (;;) {
      const ssize_t count = ::recv(client_, piece.data(), piece.size(), MSG_DONTWAIT);
      if (count <= 0) {
        at_end_ = at_end_ || count == 0 || errno != EAGAIN;
        return;
      }
      received.append(piece.data(), static_cast<std::size_t>(count));
    }
  }

  int client_ = -1;
  bool at_end_ = false;
};

}  // namespace sluice::testing
