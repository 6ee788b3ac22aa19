// SPDX-License-Identifier: MIT
// The bytes inside a TLS connection, the server's end.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "net/byte_stream.h"
#include "net/tcp_stream.h"
#include "net/tls_identity.h"

namespace sluice::net {

// Where OpenSSL's bytes come from and go to.
struct TlsTransport {
  int descriptor;
  // Both only while a read is under way: received bytes go into `room` first, if that is large, and
  // `received` are those that OpenSSL has not taken yet.
  MutableBytes room;
  Bytes received;
};

// The first wait_readable() or write() makes the handshake. A handshake that takes longer than
// `handshake_timeout`, or fails, ends as closed_by_peer: there is no peer to answer.
class TlsStream final : public ByteStream {
 public:
  TlsStream(std::unique_ptr<TcpStream> socket, const TlsIdentity& identity,
            Duration handshake_timeout);
  // Tells the peer that the stream ends here, unless it has broken.
  ~TlsStream() override;

  runtime::Task<Result<>> wait_readable(Duration timeout) override;
  Result<std::optional<std::size_t>> read_now(MutableBytes buffer) override;
  bool block_until_readable(Duration timeout) override;
  Lent lend() noexcept override { return {socket_->lend().descriptor, false}; }
  void take_back() noexcept override { socket_->take_back(); }
  runtime::Task<Result<>> write(Bytes head, Bytes body, Patience patience) override;
  void shutdown_send() noexcept override;
  void cancel(Errc reason) noexcept override { socket_->cancel(reason); }
  void expect_word_of_peer(Duration within) noexcept override {
    socket_->expect_word_of_peer(within);
  }
  void interrupt_wait(Errc reason) noexcept override { socket_->interrupt_wait(reason); }
  void begin_idle() override { socket_->begin_idle(); }
  void end_idle() noexcept override { socket_->end_idle(); }

  runtime::Executor executor() override { return socket_->executor(); }
  const std::string& peer_address() const noexcept override { return socket_->peer_address(); }
  bool is_secure() const noexcept override { return true; }

 private:
  enum class Wants { nothing, read, write };

  runtime::Task<Result<>> shake_hands();
  runtime::Task<Result<>> write_all(Bytes bytes, Progress& progress, std::uint64_t& moved);
  runtime::Task<Result<>> wait_for(Wants wants, Duration timeout);
  // The readiness that the operation waits for; an error when the connection is over.
  Result<Wants> outcome(const char* operation, int result);
  void say_goodbye() noexcept;

  const std::unique_ptr<TcpStream> socket_;
  TlsTransport transport_;
  const std::unique_ptr<SSL, TlsDelete> session_;
  const Duration handshake_timeout_;
  // A read that cannot go on before something was written (a key update).
  Wants read_wants_ = Wants::read;
  bool is_open_ = false;  // After the handshake.
  bool is_broken_ = false;
  bool said_goodbye_ = false;
};

}  // namespace sluice::net
