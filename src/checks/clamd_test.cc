// SPDX-License-Identifier: MIT
#include "checks/clamd.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <string>
#include <thread>

#include "base/limits.h"
#include "support/temporary_directory.h"

namespace sluice::checks {
namespace {

using namespace std::chrono_literals;

class TextFile final : public runtime::ReadableFile {
 public:
  explicit TextFile(std::string text) : text_(std::move(text)) {}

  Result<std::size_t> read_at(std::uint64_t offset, MutableBytes buffer) override {
    const std::string piece = text_.substr(std::min<std::size_t>(offset, text_.size()));
    const std::size_t count = std::min(piece.size(), buffer.size());
    std::ranges::copy_n(as_bytes(piece).begin(), static_cast<std::ptrdiff_t>(count),
                        buffer.begin());
    return count;
  }
  int descriptor() const noexcept override { return -1; }

 private:
  const std::string text_;
};

// Answers one question. Takes at most `takes` bytes of the file before it replies.
template <class Protocol>
class FakeClamd {
 public:
  FakeClamd(const typename Protocol::endpoint& endpoint, std::string reply,
            std::size_t takes = std::string::npos)
      : acceptor_(context_, endpoint),
        thread_([this, reply = std::move(reply), takes] { serve(reply, takes); }) {}
  ~FakeClamd() { join(); }

  typename Protocol::endpoint endpoint() const { return acceptor_.local_endpoint(); }
  // The command, and the bytes that came in chunks.
  const std::string& command() {
    join();
    return command_;
  }
  const std::string& bytes() {
    join();
    return bytes_;
  }

 private:
  void join() {
    if (thread_.joinable()) {
      thread_.join();
    }
  }

  void serve(const std::string& reply, std::size_t takes) {
    typename Protocol::socket socket(context_);
    acceptor_.accept(socket);
    boost::system::error_code error;
    command_.resize(instream_command.size());
    boost::asio::read(socket, boost::asio::buffer(command_), error);
    while (!error && bytes_.size() < takes) {
      std::array<unsigned char, 4> head{};
      boost::asio::read(socket, boost::asio::buffer(head), error);
      const std::size_t size = (std::size_t{head[0]} << 24U) | (std::size_t{head[1]} << 16U) |
                               (std::size_t{head[2]} << 8U) | head[3];
      if (size == 0) {
        break;
      }
      std::string chunk(std::min(size, takes - bytes_.size()), '\0');
      boost::asio::read(socket, boost::asio::buffer(chunk), error);
      bytes_ += chunk;
    }
    boost::asio::write(socket, boost::asio::buffer(reply), error);
  }

  boost::asio::io_context context_;
  typename Protocol::acceptor acceptor_;
  std::string command_;
  std::string bytes_;
  std::thread thread_;
};

using Tcp = boost::asio::ip::tcp;
using Local = boost::asio::local::stream_protocol;
using TcpClamd = FakeClamd<Tcp>;
using LocalClamd = FakeClamd<Local>;

const Tcp::endpoint any_port{boost::asio::ip::address_v4::loopback(), 0};

class ClamdTest : public ::testing::Test {
 protected:
  static net::Endpoint at(std::uint16_t port) { return {.address = "127.0.0.1", .port = port}; }

  static net::Endpoint over(const std::string& path) {
    return {.address = "", .port = 0, .path = path};
  }

  Result<ClamdReply> ask(const net::Endpoint& address, const std::string& text, ByteRange range,
                         Duration time_max = 1min) const {
    TextFile file(text);
    return ask_clamd({address, time_max}, file, range, stopping);
  }

  testing::TemporaryDirectory directory;
  std::atomic<bool> stopping = false;
};

TEST_F(ClamdTest, SendsTheRangeInChunksAndReadsTheReply) {
  std::string text;
  for (std::size_t i = 0; i < 3 * limits::buffer_bytes; ++i) {
    text.push_back(static_cast<char>('a' + i % 23));
  }
  for (const ByteRange range :
       {ByteRange{0, text.size()}, ByteRange{5, text.size() - 7}, ByteRange{3, 3}}) {
    TcpClamd clamd(any_port, std::string("stream: OK\0", 11));
    const Result<ClamdReply> reply = ask(at(clamd.endpoint().port()), text, range);
    ASSERT_TRUE(reply) << reply.error().message();
    EXPECT_EQ(reply->kind, ClamdReply::Kind::clean);
    EXPECT_EQ(clamd.command(), instream_command);
    EXPECT_TRUE(clamd.bytes() == text.substr(range.begin, range.size()));
  }
}

TEST_F(ClamdTest, SpeaksOverAUnixSocketToo) {
  const std::string path = directory.path() + "/clamd";
  LocalClamd clamd(Local::endpoint(path), std::string("stream: Odd FOUND\0", 18));
  const Result<ClamdReply> reply = ask(over(path), "abc", {0, 3});
  ASSERT_TRUE(reply) << reply.error().message();
  EXPECT_EQ(reply->signature, "Odd");
}

// clamd replies and hangs up in the middle of a stream that is too long for it.
TEST_F(ClamdTest, HearsThatAFileIsTooLargeBeforeAllOfItIsSent) {
  const std::string reply_text = std::string("INSTREAM size limit exceeded. ERROR") + '\0';
  const std::string text(64 * limits::buffer_bytes, 'a');
  const std::string path = directory.path() + "/clamd";
  LocalClamd clamd(Local::endpoint(path), reply_text, 1000);
  const Result<ClamdReply> reply = ask(over(path), text, {0, text.size()});
  ASSERT_TRUE(reply) << reply.error().message();
  EXPECT_EQ(reply->kind, ClamdReply::Kind::too_large);
}

TEST_F(ClamdTest, OneThatIsNotThereOrInTroubleIsAskedAgainLater) {
  EXPECT_EQ(ask(over(directory.path() + "/none"), "abc", {0, 3}).error().code(),
            Errc::delivery_failed);
  for (const char* words : {"", "stream: Can't allocate memory ERROR"}) {
    TcpClamd clamd(any_port, words);
    EXPECT_EQ(ask(at(clamd.endpoint().port()), "abc", {0, 3}).error().code(),
              Errc::delivery_failed);
  }
}

TEST_F(ClamdTest, OneThatIsSilentIsGivenUpAndTheEndOfTheServerIsSoon) {
  boost::asio::io_context context;
  const Tcp::acceptor silent(context, any_port);
  const net::Endpoint address = at(silent.local_endpoint().port());
  EXPECT_EQ(ask(address, "abc", {0, 3}, 50ms).error().code(), Errc::delivery_failed);
  stopping = true;
  EXPECT_EQ(ask(address, "abc", {0, 3}).error().code(), Errc::draining);
}

TEST_F(ClamdTest, AFileThatEndsTooEarlyIsNotCalledClean) {
  TcpClamd clamd(any_port, std::string("stream: OK\0", 11));
  EXPECT_EQ(ask(at(clamd.endpoint().port()), "abc", {0, 4}).error().code(), Errc::storage_failed);
}

}  // namespace
}  // namespace sluice::checks
