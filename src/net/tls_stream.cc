// SPDX-License-Identifier: MIT
#include "net/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <utility>

#include "base/check.h"

namespace sluice::net {
namespace {

using std::chrono::steady_clock;

// The payload of one record (RFC 8446 5.1).
constexpr std::size_t record_bytes_max = 16'384;

// Below, large steps are not worth their copy.
constexpr std::size_t room_bytes_min = 2 * record_bytes_max;

int receive(BIO* bio, char* data, int size) {
  TlsTransport& transport = *static_cast<TlsTransport*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const MutableBytes wanted(reinterpret_cast<std::byte*>(data), static_cast<std::size_t>(size));
  if (transport.received.empty()) {
    const bool in_large_steps = transport.room.size() >= room_bytes_min;
    const MutableBytes target = in_large_steps ? transport.room : wanted;
    const ssize_t count = ::recv(transport.descriptor, target.data(), target.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
      BIO_set_retry_read(bio);
    }
    if (count <= 0 || !in_large_steps) {
      return static_cast<int>(count);
    }
    transport.received = target.first(static_cast<std::size_t>(count));
  }
  const std::size_t taken = std::min(wanted.size(), transport.received.size());
  std::ranges::copy(transport.received.first(taken), wanted.begin());
  transport.received = transport.received.subspan(taken);
  return static_cast<int>(taken);
}

int send(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  const int descriptor = static_cast<TlsTransport*>(BIO_get_data(bio))->descriptor;
  const ssize_t count =
      ::send(descriptor, data, static_cast<std::size_t>(size), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
    BIO_set_retry_write(bio);
  }
  return static_cast<int>(count);
}

long control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

// OpenSSL's own socket BIO raises SIGPIPE, and receives each record in two calls.
const BIO_METHOD* socket_method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
    SLUICE_CHECK(made != nullptr);
    BIO_meth_set_read(made, receive);
    BIO_meth_set_write(made, send);
    BIO_meth_set_ctrl(made, control);
    return made;
  }();
  return method;
}

}  // namespace

TlsStream::TlsStream(std::unique_ptr<TcpStream> socket, const TlsIdentity& identity,
                     Duration handshake_timeout)
    : socket_(std::move(socket)),
      transport_{socket_->descriptor(), {}, {}},
      session_(identity.new_session()),
      handshake_timeout_(handshake_timeout) {
  BIO* const bio = BIO_new(socket_method());
  SLUICE_CHECK(bio != nullptr);
  BIO_set_data(bio, &transport_);
  BIO_set_init(bio, 1);
  SSL_set_bio(session_.get(), bio, bio);
}

TlsStream::~TlsStream() {
  say_goodbye();
}

Result<TlsStream::Wants> TlsStream::outcome(const char* operation, int result) {
  switch (SSL_get_error(session_.get(), result)) {
    case SSL_ERROR_NONE:
      return Wants::nothing;
    case SSL_ERROR_WANT_READ:
      return Wants::read;
    case SSL_ERROR_WANT_WRITE:
      return Wants::write;
    default: {
      // Also an end of the connection without a close_notify: the received bytes may be cut off.
      is_broken_ = true;
      const char* reason = ERR_reason_error_string(ERR_peek_error());
      ERR_clear_error();
      return fail(Errc::closed_by_peer, std::string("the TLS connection was lost: ") + operation +
                                            ": " +
                                            (reason != nullptr ? reason : "the peer has gone"));
    }
  }
}

runtime::Task<Result<>> TlsStream::wait_for(Wants wants, Duration timeout) {
  if (wants == Wants::write) {
    co_return co_await socket_->wait_writable(timeout);
  }
  co_return co_await socket_->wait_readable(timeout);
}

runtime::Task<Result<>> TlsStream::shake_hands() {
  const auto give_up_at = steady_clock::now() + handshake_timeout_;
  while (!is_open_) {
    ERR_clear_error();
    const Result<Wants> wants = outcome("handshake", SSL_do_handshake(session_.get()));
    if (!wants) {
      co_return fail(wants.error());
    }
    if (*wants == Wants::nothing) {
      is_open_ = true;
      break;
    }
    const auto left = std::chrono::ceil<Duration>(give_up_at - steady_clock::now());
    Result<> waited = fail(Errc::idle_timeout);
    if (left > Duration::zero()) {
      waited = co_await wait_for(*wants, left);
    }
    if (!waited) {
      const bool late = waited.error().code() == Errc::idle_timeout;
      is_broken_ = true;
      co_return late ? fail(Errc::closed_by_peer, "the TLS handshake took too long") : waited;
    }
  }
  co_return Result<>();
}

runtime::Task<Result<>> TlsStream::wait_readable(Duration timeout) {
  if (!is_open_) {
    if (Result<> open = co_await shake_hands(); !open) {
      co_return open;
    }
  }
  if (SSL_pending(session_.get()) > 0) {
    co_return Result<>();
  }
  co_return co_await wait_for(read_wants_, timeout);
}

// Encrypted bytes lie in the same buffer, behind the decrypted ones: a record is longer than its
// plaintext, so that the one never reaches the other.
Result<std::optional<std::size_t>> TlsStream::read_now(MutableBytes buffer) {
  if (!is_open_) {
    return std::nullopt;
  }
  std::size_t filled = 0;
  int result = 1;
  while (filled < buffer.size()) {
    ERR_clear_error();
    const MutableBytes rest = buffer.subspan(filled);
    const std::size_t step = std::min(rest.size(), record_bytes_max);
    transport_.room = rest.subspan(step);
    std::size_t count = 0;
    result = SSL_read_ex(session_.get(), rest.data(), step, &count);
    if (result != 1) {
      break;
    }
    filled += count;
  }
  // Nothing is left of it, unless the stream is over: the answer to new keys, which a read would
  // have to write, waits for the next write. If it did not, the next record would not decrypt.
  transport_ = {.descriptor = transport_.descriptor, .room = {}, .received = {}};
  if (filled > 0) {
    return filled;  // The next call hears of what ended it.
  }
  if (SSL_get_error(session_.get(), result) == SSL_ERROR_ZERO_RETURN) {
    return std::size_t{0};
  }
  const Result<Wants> wants = outcome("read", result);
  if (!wants) {
    return fail(wants.error());
  }
  read_wants_ = *wants;
  return std::nullopt;
}

bool TlsStream::block_until_readable(Duration timeout) {
  if (!is_open_ || read_wants_ != Wants::read) {
    return false;
  }
  return SSL_pending(session_.get()) > 0 || socket_->block_until_readable(timeout);
}

runtime::Task<Result<>> TlsStream::write(Bytes head, Bytes body, Patience patience) {
  if (!is_open_) {
    if (Result<> open = co_await shake_hands(); !open) {
      co_return open;
    }
  }
  Progress progress(patience);
  std::uint64_t moved = 0;
  // One record and one packet for most answers.
  std::string first(as_text(head));
  const std::size_t joined =
      std::min(body.size(), record_bytes_max - std::min(first.size(), record_bytes_max));
  first += as_text(body.first(joined));
  if (Result<> written = co_await write_all(as_bytes(first), progress, moved); !written) {
    co_return written;
  }
  co_return co_await write_all(body.subspan(joined), progress, moved);
}

runtime::Task<Result<>> TlsStream::write_all(Bytes bytes, Progress& progress,
                                             std::uint64_t& moved) {
  while (!bytes.empty()) {
    ERR_clear_error();
    std::size_t count = 0;
    const int result = SSL_write_ex(session_.get(), bytes.data(), bytes.size(), &count);
    if (result == 1) {
      moved += count;
      bytes = bytes.subspan(count);
      continue;
    }
    const Result<Wants> wants = outcome("write", result);
    if (!wants) {
      co_return fail(wants.error());
    }
    if (Result<> fast_enough = progress.before_wait(moved); !fast_enough) {
      is_broken_ = true;
      co_return fast_enough;
    }
    const auto begin = steady_clock::now();
    Result<> waited = co_await wait_for(*wants, progress.wait_max());
    progress.waited(steady_clock::now() - begin);
    if (!waited && waited.error().code() != Errc::idle_timeout) {
      is_broken_ = true;
      co_return waited;
    }
  }
  co_return Result<>();
}

void TlsStream::say_goodbye() noexcept {
  if (is_open_ && !is_broken_ && !std::exchange(said_goodbye_, true)) {
    ERR_clear_error();
    SSL_shutdown(session_.get());
    ERR_clear_error();
  }
}

void TlsStream::shutdown_send() noexcept {
  say_goodbye();
  socket_->shutdown_send();
}

}  // namespace sluice::net
