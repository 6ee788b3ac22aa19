// SPDX-License-Identifier: MIT
// A file that is read here and there, out of a few chunks of it that were read last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "runtime/readable_file.h"

namespace sluice::video {

// One thread. A reader that goes back and forth between some places of the file costs one read of
// each.
class RecentChunks {
 public:
  // The file outlives this.
  RecentChunks(runtime::ReadableFile& file, std::uint64_t size) : file_(file), size_(size) {}

  // Some bytes at `offset`, which is less than the size. unsupported_media_type where more than
  // limits::asked_read_bytes_max would be read of the file.
  Result<std::size_t> read_at(std::uint64_t offset, MutableBytes buffer);

 private:
  struct Chunk {
    std::uint64_t begin = 0;
    std::vector<std::byte> bytes;
  };

  Result<> bring_to_front(std::uint64_t begin);

  runtime::ReadableFile& file_;
  const std::uint64_t size_;
  std::list<Chunk> chunks_;  // The one that was used last is the first.
  std::uint64_t read_ = 0;   // Bytes.
};

}  // namespace sluice::video
