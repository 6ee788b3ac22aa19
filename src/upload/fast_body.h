// SPDX-License-Identifier: MIT
// A request body in the hands of the storage thread that writes it, for as long as its sender is
// fast.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/limits.h"
#include "runtime/byte_source.h"
#include "runtime/pipe.h"

namespace sluice::upload {

// One turn of a storage thread: ends with the first buffer that was not filled at once, with the
// last byte of `range`, or after `time_max`. Made and destroyed by the coroutine that
// reads the body, which waits meanwhile; the calls come from one thread, which may block.
class FastBody {
 public:
  // `source` outlives this and gives the bytes that belong into `range` of the file. It is lent
  // from now on, unless that is empty.
  FastBody(runtime::ByteSource& source, ByteRange range,
           Duration time_max = limits::stream_time_max);
  ~FastBody();
  FastBody(const FastBody&) = delete;
  FastBody& operator=(const FastBody&) = delete;

  // As store::Blob::Refill and store::Blob::Move. Buffers that are read end at multiples of
  // limits::buffer_bytes in the file: what is written so costs the page cache less.
  std::size_t read(MutableBytes buffer);
  std::optional<std::size_t> move(runtime::Pipe& pipe);

  // Each buffer was filled at once, as far as anybody asked.
  bool is_fast() const noexcept { return is_fast_; }

 private:
  // How many of `most` bytes the turn still has.
  std::size_t wanted(std::uint64_t most) const;
  void took(std::size_t count, bool is_fast);

  runtime::ByteSource& source_;
  const bool is_lent_;
  ByteRange rest_;
  const std::chrono::steady_clock::time_point give_up_at_;
  bool is_fast_ = true;
};

}  // namespace sluice::upload
