// SPDX-License-Identifier: MIT
// A connection as http sees it: TCP now, TLS and Unix sockets in the same form.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "net/progress.h"
#include "runtime/task.h"

namespace sluice::net {

struct PeerProcess {
  std::uint64_t user_id = 0;
  std::uint64_t process_id = 0;
};

// Lives and is used on one worker's thread. One coroutine reads and writes at a time. Errors:
// closed_by_peer, idle_timeout, or the reason given to cancel() or interrupt_wait().
class ByteStream {
 public:
  virtual ~ByteStream() = default;

  // Returns when read_now() has something to say. Holds no memory while it waits. A timeout below a
  // second is kept to a few milliseconds, a longer one is late by at most DeadlineSweeper::period.
  virtual runtime::Task<Result<>> wait_readable(Duration timeout) = 0;
  // Reads the bytes that are there, without waiting: nullopt if none, 0 at the end of the stream.
  virtual Result<std::optional<std::size_t>> read_now(MutableBytes buffer) = 0;
  struct Lent {
    int descriptor = -1;    // -1: the stream cannot be lent.
    bool is_plain = false;  // Its bytes are what read_now() gives, unchanged.
  };
  // From lend() to take_back(), both on the stream's own thread, another thread alone reads: the
  // event loop is not woken for what comes. That thread may call read_now() and
  // block_until_readable(), and interrupt_wait() is all that others may call.
  virtual Lent lend() noexcept { return {}; }
  virtual void take_back() noexcept {}
  // Until read_now() has something to say; false when `timeout` passed first. REQUIRES: lent.
  virtual bool block_until_readable(Duration /*timeout*/) { return false; }
  // Writes all of `head`, then all of `body`, in one piece where the system can. idle_timeout when
  // the peer takes bytes more slowly than `patience` allows.
  virtual runtime::Task<Result<>> write(Bytes head, Bytes body, Patience patience) = 0;
  // From now on the stream ends when the peer's machine has not said for so long that written bytes
  // have come: where the network has gone, no write tells of it until the system's buffer is full.
  virtual void expect_word_of_peer(Duration /*within*/) noexcept {}
  // No more bytes will be written; the peer may still send.
  virtual void shutdown_send() noexcept = 0;
  // Ends the wait or write that is under way, and every later one, with `reason`.
  virtual void cancel(Errc reason) noexcept = 0;
  // Ends the wait_readable() that is under way with `reason`, unless there is something to read
  // already. Does nothing when none is; the stream stays usable.
  virtual void interrupt_wait(Errc reason) noexcept = 0;
  // From begin_idle() to end_idle() no request is under way, and the stream may have to go for a
  // new one: the wait_readable() of then is interrupted with draining.
  virtual void begin_idle() {}
  virtual void end_idle() noexcept {}

  virtual runtime::Executor executor() = 0;
  // Address without port, for logs and limits.
  virtual const std::string& peer_address() const noexcept = 0;
  // No third party between the peer and this end can read the bytes.
  virtual bool is_secure() const noexcept { return false; }
  // The process that connected, where it is one of this machine over a Unix socket.
  virtual std::optional<PeerProcess> peer_process() noexcept { return std::nullopt; }
};

}  // namespace sluice::net
