// SPDX-License-Identifier: MIT
// Bytes over a connected socket of the kernel: TCP, or a socketpair in tests.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "net/byte_stream.h"
#include "net/connection_limits.h"
#include "runtime/deadline.h"

namespace sluice::net {

using Socket =
    boost::asio::generic::stream_protocol::socket::rebind_executor<runtime::Executor>::other;

class TcpStream final : public ByteStream {
 public:
  // `socket` is connected; its executor's thread is the one that `deadlines` belongs to.
  // `slot` is kept as long as the stream.
  TcpStream(Socket socket, std::string peer_address, runtime::DeadlineSweeper& deadlines,
            std::optional<ConnectionSlot> slot = std::nullopt);
  ~TcpStream() override;

  runtime::Task<Result<>> wait_readable(Duration timeout) override;
  Result<std::optional<std::size_t>> read_now(MutableBytes buffer) override;
  bool block_until_readable(Duration timeout) override;
  Lent lend() noexcept override;
  void take_back() noexcept override;
  runtime::Task<Result<>> write(Bytes head, Bytes body, Patience patience) override;
  void expect_word_of_peer(Duration within) noexcept override;
  void shutdown_send() noexcept override;
  void cancel(Errc reason) noexcept override;
  void interrupt_wait(Errc reason) noexcept override;
  void begin_idle() override;
  void end_idle() noexcept override;

  // As wait_readable(): until the system takes bytes again.
  runtime::Task<Result<>> wait_writable(Duration timeout);
  int descriptor() noexcept { return lent_ >= 0 ? lent_ : socket_.native_handle(); }

  runtime::Executor executor() override { return socket_.get_executor(); }
  const std::string& peer_address() const noexcept override { return peer_address_; }
  std::optional<PeerProcess> peer_process() noexcept override;

 private:
  struct Alarm;
  // Shared with what asks the stream to go.
  struct Door {
    TcpStream* stream;  // The stream's own thread; null when it is gone.
  };

  runtime::Task<Result<>> wait(Socket::wait_type direction, Duration timeout);
  // Inlined, its values would stay in the frame of every wait.
  [[gnu::noinline]] Result<> waited(const boost::system::error_code& error, Duration timeout) const;
  void end_wait(Errc reason) noexcept;
  void arm(Duration timeout);
  void alarm_rang();
  static void set_alarm(const std::shared_ptr<Alarm>& alarm,
                        std::chrono::steady_clock::time_point at);
  // Takes the written bytes off the fronts of `head` and `body`; false when the socket is full.
  Result<bool> write_now(Bytes& head, Bytes& body);

  std::optional<ConnectionSlot> slot_;
  std::shared_ptr<Door> door_;  // Where there is a slot.
  Socket socket_;               // Not open while it is lent.
  int lent_ = -1;               // Then its descriptor.
  std::string peer_address_;
  std::optional<Errc> cancelled_;

  // The wait that is under way.
  std::optional<Socket::wait_type> waiting_for_;
  std::optional<Errc> wait_ended_by_;

  runtime::Deadline deadline_;
  // For short timeouts, and null when it is not running. It is left running when a wait ends early
  // and looks at the wait of then, so that a fast sender costs one timer per patience and not one
  // per read.
  std::shared_ptr<Alarm> alarm_;
  std::chrono::steady_clock::time_point alarm_at_{};
};

}  // namespace sluice::net
