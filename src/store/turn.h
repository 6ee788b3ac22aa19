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
#include "base/range_set.h"
#include "runtime/byte_source.h"
#include "runtime/pipe.h"
#include "store/writable_file.h"

namespace sluice::store {

// Ends with the first buffer that was not filled at once, with the last byte of its range, or after
// its time. Used once, by one thread that may block. The references outlive it.
class Turn {
 public:
  // `body` gives the bytes that belong into `range` of the file.
  Turn(WritableFile& file, runtime::Loan& body, ByteRange range, Duration time_max);

  // Writes what comes: from a file by the file system alone, which may share its blocks; from a
  // socket through a pipe, never copied into this process, where the body has a descriptor and the
  // system a pipe; else through `buffer`.
  Result<> run(runtime::PipePool& pipes, MutableBytes buffer);

  // How many bytes were written.
  std::uint64_t bytes() const noexcept { return written_; }
  // Each buffer was filled at once, as far as the turn asked.
  bool is_fast() const noexcept { return is_fast_; }

 private:
  // How many of `most` bytes the turn still has.
  std::size_t wanted(std::uint64_t most) const;
  void took(std::size_t count, bool is_fast);
  Result<> run_from_file();
  Result<> run_through(runtime::Pipe& pipe);
  // The count of bytes in the pipe then; nullopt where the rest has to be read.
  std::optional<std::size_t> fill(runtime::Pipe& pipe);
  // Buffers that are read end at multiples of limits::buffer_bytes in the file: such writes cost
  // the page cache less.
  std::size_t read(MutableBytes buffer);

  WritableFile& file_;
  runtime::Loan& body_;
  ByteRange rest_;
  const std::chrono::steady_clock::time_point give_up_at_;
  std::uint64_t written_ = 0;
  bool is_fast_ = true;
  bool is_moved_ = true;  // False once the rest has to be read.
};

}  // namespace sluice::store
