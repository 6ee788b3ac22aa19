// SPDX-License-Identifier: MIT
#include "net/tcp_stream.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/metrics.h"
#include "support/run.h"
#include "support/watched.h"

namespace sluice::net {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

class TcpStreamTest : public ::testing::Test {
 protected:
  TcpStreamTest() {
    std::array<int, 2> ends{};
    SLUICE_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    peer_ = ends[1];
    Socket socket(context_.get_executor());
    socket.assign(boost::asio::generic::stream_protocol(AF_UNIX, 0), ends[0]);
    stream_ = std::make_unique<TcpStream>(std::move(socket), "192.0.2.1", sweeper_);
  }
  ~TcpStreamTest() override { close_peer(); }

  void send(std::string_view text) {
    ASSERT_EQ(::send(peer_, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  }
  void close_peer() {
    if (peer_ >= 0) {
      ::close(std::exchange(peer_, -1));
    }
  }
  Result<> wait_readable(Duration timeout) {
    return testing::run_in(context_, stream_->wait_readable(timeout));
  }
  Result<> write(std::string_view head, std::string_view body, Duration timeout) {
    return testing::run_in(context_, stream_->write(as_bytes(head), as_bytes(body), {timeout}));
  }
  // Runs `act` on the loop `delay` from now.
  void later(Duration delay, std::function<void()> act) {
    timer_.expires_after(delay);
    timer_.async_wait([act = std::move(act)](const boost::system::error_code& error) {
      if (!error) {
        act();
      }
    });
  }

  runtime::DeadlineSweeper sweeper_;
  boost::asio::io_context context_{1};
  boost::asio::steady_timer timer_{context_};
  int peer_ = -1;
  std::unique_ptr<TcpStream> stream_;
  std::array<std::byte, 16> buffer_{};
};

Errc code_of(const Result<>& result) {
  return result ? Errc::internal : result.error().code();
}

TEST_F(TcpStreamTest, IsLentAndTakenBack) {
  EXPECT_EQ(code_of(wait_readable(1ms)), Errc::idle_timeout);
  EXPECT_TRUE(testing::is_watched(stream_->descriptor()));
  const ByteStream::Lent lent = stream_->lend();
  EXPECT_EQ(lent.descriptor, stream_->descriptor());
  EXPECT_TRUE(lent.is_plain);
  EXPECT_FALSE(testing::is_watched(stream_->descriptor()));
  send("abc");
  EXPECT_TRUE(stream_->block_until_readable(1min));
  EXPECT_EQ(stream_->read_now(buffer_).value(), std::size_t{3});
  send("de");
  stream_->take_back();
  EXPECT_TRUE(testing::is_watched(stream_->descriptor()));
  EXPECT_TRUE(wait_readable(1min)) << "it came while nobody watched";
  EXPECT_EQ(stream_->read_now(buffer_).value(), std::size_t{2});
  EXPECT_EQ(code_of(wait_readable(1ms)), Errc::idle_timeout);
  later(5ms, [this] { send("f"); });
  EXPECT_TRUE(wait_readable(1min));
  EXPECT_EQ(stream_->read_now(buffer_).value(), std::size_t{1});
  EXPECT_TRUE(write("gh", "", 1min));
}

TEST_F(TcpStreamTest, WhatEndsWhileItIsLentEndsAfterwards) {
  stream_->lend();
  stream_->cancel(Errc::draining);
  stream_->take_back();
  EXPECT_EQ(code_of(wait_readable(1min)), Errc::draining);
  EXPECT_LT(stream_->lend().descriptor, 0) << "there is nothing more to read";
}

TEST_F(TcpStreamTest, ALentSocketIsClosedWithItsStream) {
  stream_->lend();
  stream_.reset();
  EXPECT_EQ(::send(peer_, "a", 1, MSG_NOSIGNAL), -1);
}

TEST_F(TcpStreamTest, ReadsWhatIsThereAndTheEnd) {
  auto nothing = stream_->read_now(buffer_);
  ASSERT_TRUE(nothing);
  EXPECT_EQ(*nothing, std::nullopt);

  send("abc");
  EXPECT_TRUE(wait_readable(1min));
  EXPECT_TRUE(wait_readable(1min)) << "waiting does not use the readiness up";
  EXPECT_EQ(stream_->read_now(buffer_).value(), std::size_t{3});
  EXPECT_EQ(as_text(Bytes(buffer_).first(3)), "abc");

  close_peer();
  EXPECT_TRUE(wait_readable(1min));
  EXPECT_EQ(stream_->read_now(buffer_).value(), std::size_t{0});
}

TEST_F(TcpStreamTest, KeepsShortTimeoutsPrecisely) {
  for (const Duration timeout : {5ms, 5ms, 40ms, 5ms}) {
    const auto start = steady_clock::now();
    EXPECT_EQ(code_of(wait_readable(timeout)), Errc::idle_timeout);
    const auto waited = steady_clock::now() - start;
    EXPECT_GE(waited, timeout);
    // Not the sweeper, which does not run here.
    EXPECT_LT(waited, timeout + 5s);
  }
}

TEST_F(TcpStreamTest, AnAlarmOfAnEarlierWaitDoesNotEndALaterOne) {
  send("a");
  ASSERT_TRUE(wait_readable(20ms));
  ASSERT_TRUE(stream_->read_now(buffer_));
  later(60ms, [this] { send("b"); });
  EXPECT_TRUE(wait_readable(1min));
  ASSERT_TRUE(stream_->read_now(buffer_));

  send("c");
  ASSERT_TRUE(wait_readable(10ms));
  ASSERT_TRUE(stream_->read_now(buffer_));
  later(60ms, [this] { send("d"); });
  EXPECT_TRUE(wait_readable(900ms));
}

TEST_F(TcpStreamTest, LongTimeoutsAreTheSweepers) {
  std::optional<Result<>> first;
  bool done = false;
  std::exception_ptr exception;
  const auto wait = [](TcpStream& stream, std::optional<Result<>>& result) -> runtime::Task<> {
    result = co_await stream.wait_readable(1min);
  };
  testing::start_in(context_, wait(*stream_, first), done, exception);
  bool swept = false;
  later(1ms, [&] {
    sweeper_.sweep(steady_clock::now() + 59s);
    swept = true;
  });
  testing::drive(context_, swept);
  EXPECT_FALSE(done);
  sweeper_.sweep(steady_clock::now() + 61s);
  testing::drive(context_, done);
  ASSERT_TRUE(first);
  EXPECT_EQ(code_of(*first), Errc::idle_timeout);
}

TEST_F(TcpStreamTest, CancelEndsTheWaitAndEverythingAfterIt) {
  later(1ms, [this] { stream_->cancel(Errc::draining); });
  EXPECT_EQ(code_of(wait_readable(1min)), Errc::draining);
  stream_->cancel(Errc::taken_over);
  EXPECT_EQ(code_of(wait_readable(1min)), Errc::draining) << "the first reason stays";
  EXPECT_EQ(code_of(write("a", "b", 1min)), Errc::draining);
  const auto read = stream_->read_now(buffer_);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), Errc::draining);
}

TEST_F(TcpStreamTest, AnInterruptEndsOneWaitAlone) {
  stream_->interrupt_wait(Errc::taken_over);
  later(1ms, [this] { stream_->interrupt_wait(Errc::draining); });
  EXPECT_EQ(code_of(wait_readable(1min)), Errc::draining);
  EXPECT_TRUE(write("still ", "usable", 1min));
  send("x");
  EXPECT_TRUE(wait_readable(1min));
}

TEST_F(TcpStreamTest, WritesHeadAndBodyInOnePiece) {
  ASSERT_TRUE(write("head", "body", 1min));
  ASSERT_TRUE(write("", "more", 1min));
  ASSERT_TRUE(write("", "", 1min));
  stream_->shutdown_send();
  std::array<char, 64> received{};
  ASSERT_EQ(::recv(peer_, received.data(), received.size(), 0), 12);
  EXPECT_EQ(std::string_view(received.data(), 12), "headbodymore");
  EXPECT_EQ(::recv(peer_, received.data(), received.size(), 0), 0);
  send("the other direction is open");
  EXPECT_TRUE(wait_readable(1min));
}

TEST_F(TcpStreamTest, WritesMoreThanTheSocketHoldsWhilePeerReads) {
  const std::string head(100'000, 'h');
  const std::string body(3'000'000, 'b');
  std::optional<Result<>> written;
  bool done = false;
  std::exception_ptr exception;
  const auto write_all = [](TcpStream& stream, Bytes first, Bytes second,
                            std::optional<Result<>>& result) -> runtime::Task<> {
    result = co_await stream.write(first, second, {1min});
  };
  testing::start_in(context_, write_all(*stream_, as_bytes(head), as_bytes(body), written), done,
                    exception);
  std::string received;
  std::vector<char> piece(65'536);
  while (!done || received.size() < head.size() + body.size()) {
    context_.poll();
    const ssize_t count = ::recv(peer_, piece.data(), piece.size(), MSG_DONTWAIT);
    if (count > 0) {
      received.append(piece.data(), static_cast<std::size_t>(count));
    }
  }
  ASSERT_TRUE(written && *written);
  EXPECT_TRUE(received == head + body);
}

TEST_F(TcpStreamTest, APeerThatReadsNothingTimesOutAWrite) {
  const std::string body(4'000'000, 'b');
  EXPECT_EQ(code_of(write("", body, 20ms)), Errc::idle_timeout);
}

TEST_F(TcpStreamTest, APeerThatReadsTooSlowlyTimesOutAWrite) {
  const std::string body(4'000'000, 'b');
  std::optional<Result<>> written;
  bool done = false;
  std::exception_ptr exception;
  const auto write_all = [](TcpStream& stream, Bytes bytes,
                            std::optional<Result<>>& result) -> runtime::Task<> {
    constexpr Patience patience{.idle = 1min, .window = 50ms, .bytes = 1'000'000'000};
    result = co_await stream.write({}, bytes, patience);
  };
  testing::start_in(context_, write_all(*stream_, as_bytes(body), written), done, exception);
  std::vector<char> piece(1000);
  while (!done) {
    context_.run_one_for(1ms);
    ASSERT_GT(::recv(peer_, piece.data(), piece.size(), 0), 0) << "it never stops reading";
  }
  ASSERT_TRUE(written && !*written);
  EXPECT_EQ(written->error().code(), Errc::idle_timeout);
  EXPECT_NE(written->error().message().find("too slow"), std::string::npos);
}

TEST_F(TcpStreamTest, ALostPeerIsAnErrorOfItsOwnAndNoSignal) {
  close_peer();
  EXPECT_EQ(code_of(write("a", "b", 1min)), Errc::closed_by_peer);
}

TEST_F(TcpStreamTest, KeepsItsSlotForAsLongAsItLives) {
  Gauge open;
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  Socket socket(context_.get_executor());
  socket.assign(boost::asio::generic::stream_protocol(AF_UNIX, 0), ends[0]);
  auto counted =
      std::make_unique<TcpStream>(std::move(socket), "192.0.2.1", sweeper_, ConnectionSlot(open));
  EXPECT_EQ(open.value(), 1);
  counted.reset();
  EXPECT_EQ(open.value(), 0);
  ::close(ends[1]);
}

TEST_F(TcpStreamTest, CostsLittle) {
  // Promise 7: a connection in total costs a few KiB.
  EXPECT_LE(sizeof(TcpStream), 256U);
}

}  // namespace
}  // namespace sluice::net
