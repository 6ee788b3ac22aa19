// SPDX-License-Identifier: MIT
// Where the bytes of a request body come from, as the data path sees them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "runtime/task.h"

namespace sluice::runtime {

// The right of one thread that may block to read a source: without it no other thread can. Made and
// ended by the coroutine that reads the source, on that coroutine's thread; nothing else uses the
// source meanwhile but its cancel().
class Loan {
 public:
  virtual ~Loan() = default;

  // Reads the bytes that are there or come within `patience`, up to the end of `buffer`. 0 when
  // nothing came, and also for an end or an error, which the source's next read() tells.
  virtual std::size_t read(MutableBytes buffer, Duration patience) = 0;

  // The next `left` bytes of the source can be taken from this descriptor as they are. It does not
  // block.
  struct Descriptor {
    int number = -1;
    std::uint64_t left = 0;  // 0: nothing more may be taken.
    // Set: it is a file, whose position is not used, and the bytes begin here.
    std::optional<std::uint64_t> offset = std::nullopt;
  };
  // nullopt where each byte has to be looked at (a framing, a cipher), or is in memory already.
  virtual std::optional<Descriptor> descriptor() { return std::nullopt; }
  // So many bytes were taken from the descriptor, at most as many as were left.
  virtual void took(std::uint64_t /*bytes*/) {}
};

// One coroutine reads. Waiting and reading are apart so that a slow sender holds no buffer.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  // Returns when read() has something to say: bytes, the end, or an error. The errors are
  // closed_by_peer, idle_timeout, bad_request (broken framing), draining, and what cancel() was
  // given.
  virtual Task<Result<>> wait_readable() = 0;
  // The same; false when nothing came for `patience`, after which the caller may wait again. A
  // source whose bytes count with its end only may wait for longer.
  virtual Task<Result<bool>> wait_readable_for(Duration /*patience*/) {
    const Result<> readable = co_await wait_readable();
    co_return readable ? Result<bool>(true) : fail(readable.error());
  }

  // Reads until `buffer` is full, the source ends, no byte came for `patience`, or the buffer was
  // held for limits::buffer_fill_time_max. 0 means the end, for ever after. An error is reported
  // only when no byte was read before it.
  virtual Task<Result<std::size_t>> read(MutableBytes buffer, Duration patience) = 0;

  // For one other thread to read in this coroutine's place, which waits until the loan has ended.
  // Null where no other thread can read.
  virtual std::unique_ptr<Loan> lend() { return nullptr; }

  // The bytes that are still to come, where the framing says so.
  virtual std::optional<std::uint64_t> remaining() const = 0;

  // Ends the waiting or reading coroutine, now or at its next call, with `reason`. Any thread; the
  // source must still live, which the caller ensures (see Claim in upload/live_upload.h).
  virtual void cancel(Errc reason) = 0;
};

}  // namespace sluice::runtime
