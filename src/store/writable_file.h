// SPDX-License-Identifier: MIT
// What received bytes are written into.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/error.h"
#include "runtime/pipe.h"

namespace sluice::store {

// Every call blocks. Any thread, for different ranges.
class WritableFile {
 public:
  virtual ~WritableFile() = default;

  virtual Result<> write(std::uint64_t offset, Bytes data) = 0;
  // `size` bytes that are in the pipe.
  virtual Result<> write_from(runtime::Pipe& pipe, std::uint64_t offset, std::size_t size) = 0;
  // As runtime::DiskFile::copy_from().
  virtual Result<std::size_t> copy_from(int descriptor, std::uint64_t from, std::uint64_t to,
                                        std::size_t size) = 0;
};

}  // namespace sluice::store
