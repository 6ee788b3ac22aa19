// SPDX-License-Identifier: MIT
// How a file of a multi-chunk upload is cut into parts: all arithmetic of it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/range_set.h"
#include "model/layout.h"

namespace sluice::protocol::multichunk {

class ChunkedFile {
 public:
  // `range` is where the file lies in its blob. Every part but the last one has `part_size` bytes,
  // at least one.
  ChunkedFile(ByteRange range, std::uint64_t part_size);

  // A file of no bytes has no parts.
  std::uint64_t part_count() const noexcept;
  // In the blob. REQUIRES: number < part_count().
  ByteRange part(std::uint64_t number) const;
  ByteRange range() const noexcept { return range_; }

  // `stored` are ranges of the blob. A part of which a byte is missing is missing.
  std::vector<std::uint64_t> missing_parts(const RangeSet& stored) const;
  bool is_complete(const RangeSet& stored) const;

 private:
  ByteRange range_;
  std::uint64_t part_size_;
};

ChunkedFile main_file(const model::Layout& layout);
// The extra file with this tag; with an empty one, the main file.
std::optional<ChunkedFile> find_file(const model::Layout& layout, std::string_view tag);

// For files of `total_size` bytes together: it grows with them, so that parts stay countable.
std::uint64_t choose_part_size(std::uint64_t total_size) noexcept;

}  // namespace sluice::protocol::multichunk
