// SPDX-License-Identifier: MIT
// The client beside a disk that does not answer.
#include "outgoing/file_calls.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <future>
#include <latch>

#include "outgoing/http_client.h"
#include "support/raw_server.h"
#include "support/run.h"

namespace sluice::outgoing {
namespace {

using testing::any_port;
using TcpServer = testing::RawServer<boost::asio::ip::tcp>;

constexpr const char* no_content = "HTTP/1.1 204 No Content\r\n\r\n";

// A disk that stands still until it is released.
struct StalledDisk {
  ~StalledDisk() { release(); }
  void stand_still() {
    if (!reached.try_wait()) {
      reached.count_down();
    }
    released.wait();
  }
  void release() {
    if (!released.try_wait()) {
      released.count_down();
    }
  }

  std::latch reached{1};
  std::latch released{1};
};

class StalledBody final : public Body {
 public:
  explicit StalledBody(StalledDisk& disk) : disk_(disk) {}

  std::uint64_t size() const noexcept override { return 1'000'000; }
  Result<std::size_t> read_at(std::uint64_t offset, MutableBytes buffer) const override {
    disk_.stand_still();
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), size() - offset));
    std::ranges::fill(buffer.first(count), std::byte{'b'});
    return count;
  }

 private:
  StalledDisk& disk_;
};

class StalledSink final : public AnswerSink {
 public:
  explicit StalledSink(StalledDisk& disk) : disk_(disk) {}

  Result<> write(Bytes bytes) override {
    disk_.stand_still();
    text += as_text(bytes);
    return text.size() < fails_at ? Result<>() : fail(Errc::disk_full, "no room");
  }

  std::string text;
  std::size_t fails_at = std::string::npos;

 private:
  StalledDisk& disk_;
};

HttpRequest root_request_to(const TcpServer& server) {
  HttpRequest request;
  request.target =
      *parse_target("http://127.0.0.1:" + std::to_string(server.endpoint().port()) + "/");
  request.body = std::make_shared<TextBody>("hello");
  return request;
}

class FileCallsTest : public ::testing::Test {
 protected:
  // The pool waits for calls that have begun.
  void TearDown() override { disk_.release(); }

  std::future<Result<HttpAnswer>> begin(HttpRequest request) {
    return std::async(std::launch::async, [this, request = std::move(request)]() mutable {
      return testing::run(client_.send(std::move(request)));
    });
  }
  bool another_is_answered() {
    const TcpServer server(any_port, {no_content});
    return testing::run(client_.send(root_request_to(server))).has_value();
  }

  StalledDisk disk_;
  runtime::BlockingPool pool_{1};
  HttpClient client_{pool_};
};

TEST_F(FileCallsTest, ABodyOnAStalledDiskHoldsUpNoOtherRequest) {
  TcpServer server(any_port, {no_content});
  HttpRequest request = root_request_to(server);
  request.body = std::make_shared<StalledBody>(disk_);
  auto held_up = begin(std::move(request));
  disk_.reached.wait();
  EXPECT_TRUE(another_is_answered());
  disk_.release();
  const Result<HttpAnswer> answer = held_up.get();
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_TRUE(server.requests().at(0).ends_with("\r\n\r\n" + std::string(1'000'000, 'b')));
}

TEST_F(FileCallsTest, AnAnswerOnItsWayToAStalledDiskHoldsUpNoOtherRequest) {
  const std::string body(300'000, 'a');
  const TcpServer server(any_port, {"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + body});
  HttpRequest request = root_request_to(server);
  const auto sink = std::make_shared<StalledSink>(disk_);
  request.sink = sink;
  request.answer_bytes_inline_max = 0;
  auto held_up = begin(std::move(request));
  disk_.reached.wait();
  EXPECT_TRUE(another_is_answered());
  disk_.release();
  const Result<HttpAnswer> answer = held_up.get();
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(sink->text, body);
}

// The last piece of an answer may be on its way to the disk when libcurl has ended.
TEST_F(FileCallsTest, AnAnswerIsWholeWhenItsLastByteIsWritten) {
  for (const std::size_t fails_at : {std::string::npos, std::size_t{3}}) {
    const TcpServer server(any_port, {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"});
    HttpRequest request = root_request_to(server);
    StalledDisk disk;
    const auto sink = std::make_shared<StalledSink>(disk);
    sink->fails_at = fails_at;
    request.sink = sink;
    request.answer_bytes_inline_max = 0;
    auto held_up = begin(std::move(request));
    disk.reached.wait();
    EXPECT_TRUE(another_is_answered());
    disk.release();
    const Result<HttpAnswer> answer = held_up.get();
    EXPECT_EQ(answer.has_value(), fails_at == std::string::npos);
    EXPECT_EQ(answer ? Errc::internal : answer.error().code(),
              answer ? Errc::internal : Errc::disk_full);
    EXPECT_EQ(sink->text, "abc");
  }
}

TEST_F(FileCallsTest, ARequestWhoseFileDoesNotComeEndsAtItsDeadline) {
  const TcpServer server(any_port, {no_content});
  HttpRequest request = root_request_to(server);
  request.body = std::make_shared<StalledBody>(disk_);
  request.deadlines.stall = std::chrono::milliseconds(300);
  const Result<HttpAnswer> answer = testing::run(client_.send(std::move(request)));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message(), "nothing moved for 0.3 s");
}

TEST_F(FileCallsTest, TheEndDoesNotWaitForTheDisk) {
  const TcpServer server(any_port, {no_content});
  HttpRequest request = root_request_to(server);
  request.body = std::make_shared<StalledBody>(disk_);
  auto held_up = begin(std::move(request));
  disk_.reached.wait();
  client_.stop();
  EXPECT_EQ(held_up.get().error().code(), Errc::draining);
}

}  // namespace
}  // namespace sluice::outgoing
