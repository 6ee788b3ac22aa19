// SPDX-License-Identifier: MIT
// A file as its readers see it, wherever its bytes lie.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/error.h"

namespace sluice::runtime {

// Calls may run side by side; they block.
class ReadableFile {
 public:
  virtual ~ReadableFile() = default;

  // Fills `buffer`, or less when the file ends.
  virtual Result<std::size_t> read_at(std::uint64_t offset, MutableBytes buffer) = 0;
  // The descriptor, for handing the file to another process; it stays this object's. -1 where there
  // is none.
  virtual int descriptor() const noexcept = 0;
};

}  // namespace sluice::runtime
