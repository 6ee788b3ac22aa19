// SPDX-License-Identifier: MIT
#include "http/request_body.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/limits.h"
#include "support/run.h"
#include "support/session_fixture.h"
#include "support/watched.h"

namespace sluice::http {
namespace {

using namespace std::chrono_literals;
using testing::ConnectionFixture;

Request with_length(std::uint64_t length) {
  Request request;
  request.framing = Framing::length;
  request.content_length = length;
  return request;
}

Request chunked() {
  Request request;
  request.framing = Framing::chunked;
  return request;
}

class RequestBodyTest : public ConnectionFixture {
 protected:
  // `early` came with the head.
  RequestBody& open(const Request& request, std::string_view early = {},
                    const net::Patience& patience = {1min}) {
    body_.reset();
    input_ = InputBuffer();
    stream_ = connect();
    if (!early.empty()) {
      input_.reserve(early.size());
      std::ranges::copy(as_bytes(early), input_.room(early.size()).begin());
      input_.added(early.size());
    }
    interims_ = Interims(*stream_, request, patience_ = patience);
    body_.emplace(*stream_, input_, request, patience, metrics_, interims_);
    return *body_;
  }

  // Reads through wait_readable() as the data path does.
  static runtime::Task<> read_to_end(RequestBody& body, std::string& text,
                                     std::optional<Error>& error) {
    std::vector<std::byte> buffer(7);
    for (;;) {
      if (Result<> waited = co_await body.wait_readable(); !waited) {
        error = std::move(waited).error();
        co_return;
      }
      Result<std::size_t> count = co_await body.read(buffer, 0ms);
      if (!count) {
        error = std::move(count).error();
        co_return;
      }
      if (*count == 0) {
        co_return;
      }
      text += as_text(Bytes(buffer).first(*count));
    }
  }
  void start_reading() {
    text_.clear();
    error_.reset();
    done_ = false;
    testing::start_in(context_, read_to_end(*body_, text_, error_), done_, exception_);
  }
  void finish_reading() {
    drive_until([this] { return done_; });
    ASSERT_FALSE(exception_);
  }
  std::optional<Errc> error_code() const {
    return error_ ? std::optional(error_->code()) : std::nullopt;
  }
  Result<std::size_t> read(MutableBytes buffer, Duration patience) {
    return testing::run_in(context_, body_->read(buffer, patience));
  }

  Metrics metrics_;
  InputBuffer input_;
  std::unique_ptr<net::TcpStream> stream_;
  net::Patience patience_;
  Interims interims_;
  std::optional<RequestBody> body_;
  std::string text_;
  std::optional<Error> error_;
  bool done_ = false;
  std::exception_ptr exception_;
};

TEST_F(RequestBodyTest, DecodesWhateverTheBytesAreSplitInto) {
  struct Row {
    Request request;
    std::string_view bytes;
    std::string_view text;
    std::string_view left;  // Of a pipelined request: in the buffer or still in the socket.
  };
  const Row rows[] = {
      {with_length(11), "hello worldGET /next", "hello world", "GET /next"},
      {with_length(1), "x", "x", ""},
      {chunked(), "5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nT: v\r\n\r\nGET /next", "hello world",
       "GET /next"},
      {chunked(), "0\r\n\r\nGET /next", "", "GET /next"},
  };
  for (const Row& row : rows) {
    for (std::size_t early = 0; early <= row.bytes.size(); ++early) {
      for (const bool byte_by_byte : {false, true}) {
        const std::uint64_t counted_before = metrics_.bytes_received.value();
        RequestBody& body = open(row.request, row.bytes.substr(0, early));
        start_reading();
        const std::string_view rest = row.bytes.substr(early);
        const std::size_t step = byte_by_byte ? 1 : std::max<std::size_t>(rest.size(), 1);
        for (std::size_t at = 0; at < rest.size(); at += step) {
          send(rest.substr(at, step));
        }
        finish_reading();
        ASSERT_EQ(error_code(), std::nullopt) << error_->message();
        EXPECT_EQ(text_, row.text);
        EXPECT_TRUE(body.finished());
        EXPECT_EQ(body.remaining(), 0U);
        EXPECT_EQ(metrics_.bytes_received.value() - counted_before, row.text.size());
        std::string left(as_text(input_.unread()));
        std::array<std::byte, 64> buffer{};
        const auto in_socket = stream_->read_now(buffer);
        left += as_text(Bytes(buffer).first(in_socket.value().value_or(0)));
        EXPECT_EQ(left, row.left);
      }
    }
  }
}

TEST_F(RequestBodyTest, ANonexistentBodyEndsAtOnceAndCanBeCancelled) {
  RequestBody& body = open(Request{});
  body.cancel(Errc::draining);
  start_reading();
  finish_reading();
  EXPECT_EQ(error_code(), std::nullopt);
  EXPECT_TRUE(body.finished());
  EXPECT_EQ(body.remaining(), 0U);
}

TEST_F(RequestBodyTest, KnowsWhatRemains) {
  RequestBody& body = open(with_length(10), "abc");
  EXPECT_EQ(body.remaining(), 10U);
  std::array<std::byte, 2> buffer{};
  EXPECT_EQ(read(buffer, 0ms), std::size_t{2});
  EXPECT_EQ(body.remaining(), 8U);
  EXPECT_EQ(body.received(), 2U);
  EXPECT_EQ(open(chunked()).remaining(), std::nullopt);
}

TEST_F(RequestBodyTest, ReportsTheBytesBeforeAnErrorAndThenTheErrorForEver) {
  RequestBody& body = open(with_length(10));
  send("abc");
  close_client();
  std::array<std::byte, 8> buffer{};
  EXPECT_EQ(read(buffer, 1min), std::size_t{3});
  for (int i = 0; i < 2; ++i) {
    const Result<std::size_t> failed = read(buffer, 1min);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code(), Errc::closed_by_peer);
    EXPECT_EQ(failed.error().message(), "the connection ended with 7 bytes of the body missing");
  }
  EXPECT_FALSE(body.finished());
  ASSERT_TRUE(body.failure());
}

TEST_F(RequestBodyTest, BrokenFramingIsTheClientsMistake) {
  open(chunked());
  start_reading();
  send("3\r\nabc");
  send("X");
  finish_reading();
  EXPECT_EQ(text_, "abc");
  EXPECT_EQ(error_code(), Errc::bad_request);
}

TEST_F(RequestBodyTest, ASilentSenderIsTimedOut) {
  open(with_length(10), "abc", {20ms});
  start_reading();
  finish_reading();
  EXPECT_EQ(text_, "abc");
  EXPECT_EQ(error_code(), Errc::idle_timeout);
}

TEST_F(RequestBodyTest, ADribblingSenderIsTimedOutThoughItIsNeverSilent) {
  open(with_length(1'000'000), "abc", {.idle = 1min, .window = 50ms, .bytes = 1'000'000});
  start_reading();
  std::size_t sent = 0;
  while (!done_ && sent < 1'000'000) {
    send("x");
    ++sent;
    context_.restart();
    context_.run_one_for(1ms);
  }
  finish_reading();
  EXPECT_EQ(text_.substr(0, 4), "abcx");
  EXPECT_EQ(error_code(), Errc::idle_timeout);
  EXPECT_NE(error_->message().find("too slow"), std::string::npos) << error_->message();
}

TEST_F(RequestBodyTest, ReadWaitsForAFastSenderButNotLongerThanItsPatience) {
  open(with_length(100));
  std::array<std::byte, 6> buffer{};
  send("abc");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(read(buffer, 10ms), std::size_t{3});
  EXPECT_GE(std::chrono::steady_clock::now() - start, 10ms);

  boost::asio::steady_timer timer(context_, 1ms);
  timer.async_wait([this](const boost::system::error_code&) { send("def"); });
  send("abc");
  EXPECT_EQ(read(buffer, 1min), std::size_t{6}) << "the buffer is full, so nothing is waited for";
  EXPECT_EQ(as_text(buffer), "abcdef");
}

TEST_F(RequestBodyTest, ATrickleDoesNotHoldABufferForEver) {
  open(with_length(1'000'000));
  std::vector<std::byte> buffer(1000);
  boost::asio::steady_timer timer(context_);
  std::function<void()> trickle = [&] {
    send("x");
    timer.expires_after(2ms);
    timer.async_wait([&](const boost::system::error_code& error) {
      if (!error) {
        trickle();
      }
    });
  };
  trickle();
  const auto start = std::chrono::steady_clock::now();
  const Result<std::size_t> count = read(buffer, 1min);
  EXPECT_GE(std::chrono::steady_clock::now() - start, limits::buffer_fill_time_max);
  ASSERT_TRUE(count);
  EXPECT_GT(*count, 0U);
  EXPECT_LT(*count, buffer.size());
  timer.cancel();
}

TEST_F(RequestBodyTest, ABlockingReadTakesWhatIsThereAndLeavesTheRestToTheNextRead) {
  for (const Request& request : {with_length(9), chunked()}) {
    open(request);
    const bool is_chunked = request.framing == Framing::chunked;
    std::array<std::byte, 4> buffer{};
    std::unique_ptr<runtime::Loan> loan = body_->lend();
    ASSERT_TRUE(loan);
    EXPECT_FALSE(testing::is_watched(stream_->descriptor()));
    EXPECT_EQ(loan->read(buffer, 1ms), 0U) << "nothing came";
    send(is_chunked ? "5\r\nabcde\r\n" : "abcde");
    EXPECT_EQ(loan->read(buffer, 1min), 4U);
    EXPECT_EQ(as_text(buffer), "abcd");
    EXPECT_EQ(loan->read(buffer, 1ms), 1U);
    send(is_chunked ? "4\r\nfghi\r\n0\r\n\r\nGET" : "fghiGET");
    EXPECT_EQ(loan->read(buffer, 1min), 4U);
    EXPECT_EQ(as_text(buffer), "fghi");
    EXPECT_EQ(loan->read(buffer, 1ms), 0U);
    loan.reset();
    EXPECT_TRUE(testing::is_watched(stream_->descriptor()));
    EXPECT_EQ(read(buffer, 1ms), std::size_t{0}) << "the end";
  }
}

TEST_F(RequestBodyTest, GivesItsDescriptorAndTellsHowMuchIsLeft) {
  std::array<std::byte, 16> buffer{};
  open(with_length(9));
  send("abcdefghiGET");
  {
    const std::unique_ptr<runtime::Loan> loan = body_->lend();
    ASSERT_TRUE(loan && loan->descriptor());
    EXPECT_EQ(loan->descriptor()->number, stream_->descriptor());
    EXPECT_EQ(loan->descriptor()->left, 9U);
    EXPECT_EQ(::recv(loan->descriptor()->number, buffer.data(), 4, 0), 4);
    loan->took(4);
    EXPECT_EQ(loan->descriptor()->left, 5U);
    EXPECT_EQ(body_->remaining(), std::uint64_t{5});
    EXPECT_EQ(::recv(loan->descriptor()->number, buffer.data(), 5, 0), 5);
    loan->took(5);
    EXPECT_EQ(loan->descriptor()->left, 0U);
  }
  EXPECT_TRUE(body_->finished());
  EXPECT_EQ(body_->received(), 9U);
  EXPECT_EQ(body_->lend(), nullptr) << "nothing of it is missing";
  EXPECT_EQ(stream_->read_now(buffer).value(), std::size_t{3});
}

TEST_F(RequestBodyTest, ABodyThatHasToBeLookedAtHasNoDescriptor) {
  open(chunked());
  EXPECT_FALSE(body_->lend()->descriptor());
  open(with_length(9), "abc");
  const std::unique_ptr<runtime::Loan> loan = body_->lend();
  EXPECT_FALSE(loan->descriptor()) << "some came with the head";
  std::array<std::byte, 3> buffer{};
  EXPECT_EQ(loan->read(buffer, 1ms), 3U);
  EXPECT_TRUE(loan->descriptor());
}

TEST_F(RequestBodyTest, OfABodyThatIsCutOffNothingMoreMayBeTaken) {
  std::array<std::byte, 8> buffer{};
  open(with_length(9));
  send("abc");
  {
    const std::unique_ptr<runtime::Loan> loan = body_->lend();
    body_->cancel(Errc::taken_over);
    EXPECT_EQ(loan->descriptor()->left, 0U);
  }
  EXPECT_EQ(read(buffer, 1ms).error().code(), Errc::taken_over);
}

TEST_F(RequestBodyTest, AnErrorInABlockingReadIsToldByTheNextRead) {
  std::array<std::byte, 8> buffer{};
  open(with_length(9));
  send("abc");
  {
    const std::unique_ptr<runtime::Loan> loan = body_->lend();
    EXPECT_EQ(loan->read(buffer, 1ms), 3U);
    body_->cancel(Errc::taken_over);
    EXPECT_EQ(loan->read(buffer, 1min), 0U);
  }
  EXPECT_EQ(read(buffer, 1ms).error().code(), Errc::taken_over);
  open(chunked());
  send("zz\r\n");
  EXPECT_EQ(body_->lend()->read(buffer, 1min), 0U);
  EXPECT_EQ(read(buffer, 1ms).error().code(), Errc::bad_request);
}

TEST_F(RequestBodyTest, FramingWithoutDataIsNotWorthABuffer) {
  RequestBody& body = open(chunked());
  bool done = false;
  const auto wait = [](RequestBody& source) -> runtime::Task<> {
    EXPECT_TRUE(co_await source.wait_readable());
  };
  testing::start_in(context_, wait(body), done, exception_);
  send("5;extension=1\r\n");
  run_ready();
  EXPECT_FALSE(done);
  send("h");
  drive_until([&] { return done; });
  EXPECT_EQ(body.received(), 0U);
}

TEST_F(RequestBodyTest, ItsPatienceWithASilentSenderIsTheCallersUntilTheConnectionsOwnIsOver) {
  const auto wait = [this](Duration patience) {
    return testing::run_in(context_, body_->wait_readable_for(patience));
  };
  open(with_length(2), "", {100ms});
  EXPECT_EQ(wait(1ms), false);
  EXPECT_EQ(wait(1ms), false);
  send("a");
  EXPECT_EQ(wait(1min), true);
  std::array<std::byte, 1> buffer{};
  EXPECT_EQ(read(buffer, 1ms), 1U);
  EXPECT_EQ(wait(1min).error().code(), Errc::idle_timeout);
  open(chunked());
  EXPECT_EQ(wait(1ms), false);
  send("1\r\na");
  EXPECT_EQ(wait(1min), true);
}

TEST_F(RequestBodyTest, AsksForTheBodyOnceAndOnlyWhenNothingOfItCame) {
  Request request = with_length(4);
  request.expects_continue = true;
  EXPECT_TRUE(open(request).awaits_continue());
  start_reading();
  EXPECT_EQ(receive_through("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_FALSE(body_->awaits_continue());
  send("ab");
  send("cd");
  finish_reading();
  EXPECT_EQ(text_, "abcd");
  EXPECT_EQ(receive_ready(), "");

  EXPECT_FALSE(open(request, "ab").awaits_continue());
  start_reading();
  send("cd");
  finish_reading();
  EXPECT_EQ(text_, "abcd");
  EXPECT_EQ(receive_ready(), "");
}

TEST_F(RequestBodyTest, CancelFromAnotherThreadEndsAWait) {
  open(with_length(10), "abc");
  start_reading();
  run_ready();
  std::jthread([this] {
    body_->cancel(Errc::taken_over);
    body_->cancel(Errc::draining);
  }).join();
  finish_reading();
  EXPECT_EQ(text_, "abc");
  EXPECT_EQ(error_code(), Errc::taken_over) << "the first reason stays";
  // The stream can still carry the answer.
  EXPECT_TRUE(testing::run_in(context_, stream_->write(as_bytes("answer"), {}, {1min})));
}

TEST_F(RequestBodyTest, CancelBeforeAReadEndsIt) {
  open(with_length(10), "abc").cancel(Errc::taken_over);
  std::array<std::byte, 2> buffer{};
  const Result<std::size_t> failed = read(buffer, 0ms);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Errc::taken_over);
}

TEST_F(RequestBodyTest, ACancelThatComesTooLateTouchesNothing) {
  open(with_length(10)).cancel(Errc::taken_over);
  body_.reset();
  stream_.reset();
  run_ready();
  // Another request of the connection waits for its own bytes and is not disturbed.
  open(with_length(1)).cancel(Errc::taken_over);
  body_.emplace(*stream_, input_, with_length(2), net::Patience{1min}, metrics_, interims_);
  start_reading();
  run_ready();
  EXPECT_FALSE(done_);
  send("ab");
  finish_reading();
  EXPECT_EQ(text_, "ab");
}

TEST_F(RequestBodyTest, ABodyThatWasCancelledCannotBeDrained) {
  RequestBody& body = open(with_length(3));
  EXPECT_TRUE(body.can_be_drained(3));
  body.cancel(Errc::taken_over);
  EXPECT_FALSE(body.can_be_drained(3)) << "no read has noticed it yet";
}

TEST_F(RequestBodyTest, DrainReadsTheRestWithinItsBound) {
  const std::string text(100'000, 'x');
  struct Row {
    std::uint64_t bytes_max;
    bool drained;
  };
  for (const Row& row : {Row{100'000, true}, Row{99'999, false}}) {
    RequestBody& body = open(with_length(text.size()), "xxx");
    EXPECT_EQ(body.can_be_drained(row.bytes_max), row.drained);
    std::optional<bool> drained;
    const auto drain = [](RequestBody& source, std::uint64_t bytes_max,
                          std::optional<bool>& result) -> runtime::Task<> {
      result = co_await source.drain(bytes_max);
    };
    done_ = false;
    testing::start_in(context_, drain(body, row.bytes_max, drained), done_, exception_);
    send(std::string_view(text).substr(3));
    finish_reading();
    EXPECT_EQ(drained, row.drained);
    EXPECT_EQ(body.received(), row.bytes_max);
  }
}

}  // namespace
}  // namespace sluice::http
