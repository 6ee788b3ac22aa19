// SPDX-License-Identifier: MIT
#include "http/request_body.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/post.hpp>
#include <chrono>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/limits.h"

namespace sluice::http {
namespace {

using std::chrono::steady_clock;

Error cancelled(Errc reason) {
  switch (reason) {
    case Errc::taken_over:
      return Error(reason, "a newer request for the same bytes took over");
    case Errc::draining:
      return Error(reason, "the server is shutting down; go on with the bytes that are stored");
    default:
      return Error(reason, "the request was cut off");
  }
}

}  // namespace

struct RequestBody::Control {
  explicit Control(net::ByteStream& s) : stream(&s) {}

  static constexpr int none = -1;
  std::atomic<int> reason{none};  // An Errc.
  net::ByteStream* stream;        // The connection's thread; null when the body is gone.
};

RequestBody::RequestBody(net::ByteStream& stream, InputBuffer& input, const Request& request,
                         const net::Patience& patience, Metrics& metrics, Interims& interims)
    : stream_(stream),
      input_(input),
      metrics_(metrics),
      interims_(interims),
      progress_(patience),
      framing_(request.framing),
      length_left_(request.framing == Framing::length ? request.content_length : 0) {
  if (!finished()) {
    control_ = std::make_shared<Control>(stream);
  }
}

RequestBody::~RequestBody() {
  if (control_) {
    control_->stream = nullptr;
  }
}

bool RequestBody::finished() const noexcept {
  return framing_ == Framing::chunked ? decoder_.done() : length_left_ == 0;
}

bool RequestBody::awaits_continue() const noexcept {
  return interims_.continue_due() && received_ == 0 && input_.empty() && !finished();
}

std::optional<std::uint64_t> RequestBody::remaining() const {
  if (framing_ == Framing::chunked && !decoder_.done()) {
    return std::nullopt;
  }
  return length_left_;
}

void RequestBody::cancel(Errc reason) {
  int none = Control::none;
  if (!control_ || !control_->reason.compare_exchange_strong(none, static_cast<int>(reason))) {
    return;
  }
  // The body may be gone when this runs, its connection with it.
  boost::asio::post(stream_.executor(), [control = control_, reason] {
    if (control->stream != nullptr) {
      control->stream->interrupt_wait(reason);
    }
  });
}

Result<> RequestBody::check() {
  if (!failure_ && control_) {
    const int reason = control_->reason.load();
    if (reason != Control::none) {
      failure_ = cancelled(static_cast<Errc>(reason));
    }
  }
  return failure_ ? Result<>(fail(*failure_)) : Result<>();
}

// A reason given to cancel() goes before the error that it brought about.
Error RequestBody::fail_for_good(Error error) {
  if (check()) {
    failure_ = std::move(error);
  }
  return *failure_;
}

void RequestBody::count(std::uint64_t bytes) {
  received_ += bytes;
  metrics_.bytes_received.add(bytes);
}

runtime::Task<Result<>> RequestBody::ask_for_body() {
  Result<> written = co_await interims_.write({.status = 100});
  if (!written) {
    co_return fail(fail_for_good(std::move(written).error()));
  }
  co_return check();
}

runtime::Task<Result<>> RequestBody::wait_readable() {
  const Result<bool> readable = co_await wait_readable_for(Duration::max());
  co_return readable ? Result<>() : fail(readable.error());
}

runtime::Task<Result<bool>> RequestBody::wait_readable_for(Duration patience) {
  while (!finished()) {
    if (Result<> good = check(); !good) {
      co_return fail(std::move(good).error());
    }
    if (framing_ == Framing::chunked && !input_.empty()) {
      // Bytes of the framing alone must not make the caller take a buffer: a client that sends
      // nothing else would hold it.
      if (const Result<std::size_t> step = decode({}); !step) {
        co_return fail(step.error());
      }
    }
    if (!input_.empty() || finished()) {
      break;
    }
    input_.release();
    if (awaits_continue()) {
      if (Result<> asked = co_await ask_for_body(); !asked) {
        co_return fail(std::move(asked).error());
      }
    }
    if (Result<> fast_enough = progress_.before_wait(received_); !fast_enough) {
      co_return fail(fail_for_good(std::move(fast_enough).error()));
    }
    const auto begin = steady_clock::now();
    const Duration most = std::min(progress_.wait_max(), patience);
    Result<> waited = co_await stream_.wait_readable(most);
    progress_.waited(steady_clock::now() - begin);
    if (!waited && waited.error().code() == Errc::idle_timeout) {
      if (most == patience) {
        co_return false;
      }
      continue;  // The next look at the progress says whether it has come to an end.
    }
    if (!waited) {
      co_return fail(fail_for_good(std::move(waited).error()));
    }
    if (framing_ == Framing::length) {
      break;
    }
    if (const Result<bool> filled = fill_input(); !filled) {
      co_return fail(filled.error());
    }
  }
  co_return true;
}

runtime::Task<Result<std::size_t>> RequestBody::read(MutableBytes buffer, Duration patience) {
  SLUICE_CHECK(!buffer.empty());
  const auto hold_until = steady_clock::now() + limits::buffer_fill_time_max;
  std::size_t filled = 0;
  while (!finished()) {
    const Result<std::size_t> taken = take_all(buffer.subspan(filled));
    if (!taken) {
      if (filled == 0) {
        co_return fail(taken.error());
      }
      break;
    }
    filled += *taken;
    if (filled == buffer.size() || finished()) {
      break;
    }
    if (filled == 0) {
      if (Result<> waited = co_await wait_readable(); !waited) {
        co_return fail(std::move(waited).error());
      }
      continue;
    }
    const auto left = std::chrono::ceil<Duration>(hold_until - steady_clock::now());
    if (std::min(patience, left) <= Duration::zero()) {
      break;
    }
    Result<> waited = co_await stream_.wait_readable(std::min(patience, left));
    if (!waited) {
      if (waited.error().code() != Errc::idle_timeout) {
        failure_ = fail_for_good(std::move(waited).error());
      }
      break;
    }
  }
  co_return filled;
}

class RequestBody::Lent final : public runtime::Loan {
 public:
  Lent(RequestBody& body, net::ByteStream::Lent stream) : body_(body), stream_(stream) {}
  ~Lent() override { body_.stream_.take_back(); }
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;

  std::size_t read(MutableBytes buffer, Duration patience) override {
    const auto give_up_at = steady_clock::now() + patience;
    std::size_t filled = 0;
    while (!body_.finished()) {
      const Result<std::size_t> taken = body_.take_all(buffer.subspan(filled));
      if (!taken) {
        break;  // Kept in failure_.
      }
      filled += *taken;
      if (filled == buffer.size() || body_.finished()) {
        break;
      }
      const auto left = std::chrono::ceil<Duration>(give_up_at - steady_clock::now());
      if (left <= Duration::zero() || !body_.stream_.block_until_readable(left)) {
        break;
      }
    }
    return filled;
  }

  std::optional<Descriptor> descriptor() override {
    if (!stream_.is_plain || body_.framing_ != Framing::length || !body_.input_.empty()) {
      return std::nullopt;
    }
    return Descriptor{stream_.descriptor, body_.check() ? body_.length_left_ : 0};
  }

  void took(std::uint64_t bytes) override {
    SLUICE_CHECK(bytes <= body_.length_left_);
    body_.length_left_ -= bytes;
    body_.count(bytes);
  }

 private:
  RequestBody& body_;
  const net::ByteStream::Lent stream_;
};

std::unique_ptr<runtime::Loan> RequestBody::lend() {
  const net::ByteStream::Lent stream = finished() ? net::ByteStream::Lent() : stream_.lend();
  return stream.descriptor < 0 ? nullptr : std::make_unique<Lent>(*this, stream);
}

Result<std::size_t> RequestBody::take_all(MutableBytes buffer) {
  std::size_t taken = 0;
  while (taken < buffer.size() && !finished()) {
    const Result<std::optional<std::size_t>> step = take(buffer.subspan(taken));
    if (!step) {
      return taken > 0 ? Result<std::size_t>(taken) : fail(step.error());
    }
    if (!*step) {
      break;
    }
    taken += **step;
  }
  return taken;
}

Result<std::optional<std::size_t>> RequestBody::take(MutableBytes buffer) {
  if (Result<> good = check(); !good) {
    return fail(std::move(good).error());
  }
  return framing_ == Framing::chunked ? take_chunked(buffer) : take_identity(buffer);
}

Result<std::optional<std::size_t>> RequestBody::take_identity(MutableBytes buffer) {
  const MutableBytes wanted =
      buffer.first(static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), length_left_)));
  std::size_t taken = 0;
  if (!input_.empty()) {
    taken = std::min(wanted.size(), input_.unread().size());
    std::ranges::copy(input_.unread().first(taken), wanted.begin());
    input_.consume(taken);
  } else {
    Result<std::optional<std::size_t>> read = stream_.read_now(wanted);
    if (!read) {
      return fail(fail_for_good(std::move(read).error()));
    }
    if (!*read) {
      return std::nullopt;
    }
    if (**read == 0) {
      return fail(fail_for_good(Error(Errc::closed_by_peer, "the connection ended with " +
                                                                std::to_string(length_left_) +
                                                                " bytes of the body missing")));
    }
    taken = **read;
  }
  length_left_ -= taken;
  count(taken);
  return taken;
}

Result<std::optional<std::size_t>> RequestBody::take_chunked(MutableBytes buffer) {
  if (input_.empty()) {
    const Result<bool> filled = fill_input();
    if (!filled) {
      return fail(filled.error());
    }
    if (!*filled) {
      return std::nullopt;
    }
  }
  const Result<std::size_t> decoded = decode(buffer);
  if (!decoded) {
    return fail(decoded.error());
  }
  return *decoded;
}

Result<bool> RequestBody::fill_input() {
  input_.reserve(limits::chunked_input_bytes);
  auto received = stream_.read_now(input_.room(limits::chunked_input_bytes));
  if (!received) {
    return fail(fail_for_good(std::move(received).error()));
  }
  if (!*received) {
    return false;
  }
  if (**received == 0) {
    return fail(fail_for_good(
        Error(Errc::closed_by_peer, "the connection ended before the last chunk of the body")));
  }
  input_.added(**received);
  return true;
}

Result<std::size_t> RequestBody::decode(MutableBytes buffer) {
  Result<ChunkedDecoder::Step> step = decoder_.decode(input_.unread(), buffer);
  if (!step) {
    return fail(fail_for_good(std::move(step).error()));
  }
  // A decoder that does neither would be asked for ever.
  SLUICE_CHECK(buffer.empty() || step->consumed > 0 || step->produced > 0);
  input_.consume(step->consumed);
  count(step->produced);
  return step->produced;
}

bool RequestBody::can_be_drained(std::uint64_t bytes_max) {
  return finished() || (check() && !awaits_continue() && remaining().value_or(0) <= bytes_max);
}

runtime::Task<bool> RequestBody::drain(std::uint64_t bytes_max) {
  std::uint64_t left = bytes_max;
  while (!finished()) {
    if (left == 0) {
      co_return false;
    }
    if (const Result<> waited = co_await wait_readable(); !waited) {
      co_return false;
    }
    const Result<std::size_t> discarded = discard(left);
    if (!discarded) {
      co_return false;
    }
    left -= *discarded;
  }
  co_return true;
}

Result<std::size_t> RequestBody::discard(std::uint64_t bytes_max) {
  std::array<std::byte, limits::discard_bytes> scratch;
  return take_all(MutableBytes(scratch).first(
      static_cast<std::size_t>(std::min<std::uint64_t>(scratch.size(), bytes_max))));
}

}  // namespace sluice::http
