// SPDX-License-Identifier: MIT
// Where the bytes of a request body come from, as the data path sees them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/error.h"
#include "runtime/pipe.h"
#include "runtime/task.h"

namespace sluice::runtime {

// One coroutine reads. Waiting and reading are apart so that a slow sender holds no buffer.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  // Returns when read() has something to say: bytes, the end, or an error. The errors are
  // closed_by_peer, idle_timeout, bad_request (broken framing), draining, and what cancel() was
  // given.
  virtual Task<Result<>> wait_readable() = 0;

  // Reads until `buffer` is full, the source ends, no byte came for `patience`, or the buffer was
  // held for limits::buffer_fill_time_max. 0 means the end, for ever after. An error is reported
  // only when no byte was read before it.
  virtual Task<Result<std::size_t>> read(MutableBytes buffer, Duration patience) = 0;

  // For a thread that may block: what is there, and what comes within `patience`, up to the end of
  // `buffer`. 0 when nothing came, and also for an end or an error, which the next read() tells.
  // Any thread, while nobody else uses the source but for cancel().
  virtual std::size_t read_blocking(MutableBytes /*buffer*/, Duration /*patience*/) { return 0; }
  // As read_blocking(), into a pipe that is empty, without copying: up to `size` bytes, and once
  // there are limits::buffer_bytes it does not wait for more. nullopt where each byte has to be
  // looked at (a framing, a cipher): then read_blocking() is the way.
  virtual std::optional<std::size_t> move_blocking(Pipe& /*pipe*/, std::size_t /*size*/,
                                                   Duration /*patience*/) {
    return std::nullopt;
  }
  // Before the first of several calls of these and after the last, by the coroutine that reads.
  virtual void lend() noexcept {}
  virtual void take_back() noexcept {}

  // The bytes that are still to come, where the framing says so.
  virtual std::optional<std::uint64_t> remaining() const = 0;

  // Ends the waiting or reading coroutine, now or at its next call, with `reason`. Any thread; the
  // source must still live, which the caller ensures (see Claim in upload/live_upload.h).
  virtual void cancel(Errc reason) = 0;
};

}  // namespace sluice::runtime
