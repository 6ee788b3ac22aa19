// SPDX-License-Identifier: MIT
// A file from its first byte to its last, as slow work (delivery/slow_work.h).
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/limits.h"

namespace sluice::delivery {

// Gives the first `size` bytes that `read_at(offset, buffer)` reads to `use(Bytes)`, piece by
// piece. `draining` soon after `stopping` was set; storage_failed where the bytes end before.
// Blocks.
template <class ReadAt, class Use>
Result<> read_through(ReadAt read_at, std::uint64_t size, const std::atomic<bool>& stopping,
                      Use use) {
  std::vector<std::byte> buffer(limits::buffer_bytes);
  for (std::uint64_t offset = 0; offset < size;) {
    if (stopping) {
      return fail(Errc::draining, "the server is shutting down");
    }
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), size - offset));
    const Result<std::size_t> count = read_at(offset, MutableBytes(buffer).first(wanted));
    if (!count) {
      return fail(count.error());
    }
    if (*count == 0) {
      return fail(Errc::storage_failed, "the file ends too early");
    }
    use(Bytes(buffer).first(*count));
    offset += *count;
  }
  return {};
}

}  // namespace sluice::delivery
