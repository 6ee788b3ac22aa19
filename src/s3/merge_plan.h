// SPDX-License-Identifier: MIT
// How one object is made of the extents of a file, as parts of a multipart upload. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "model/extent.h"

namespace sluice::s3 {

// How the bytes of extents come into parts.
enum class Copying {
  by_store,  // By UploadPartCopy, where an extent is large enough.
  streamed,  // All are read and sent, in parts of one size: some stores want them equal.
};

struct PlannedPart {
  // Their bytes, one after the other, are the part; their ranges are those of the file.
  std::vector<model::Extent> sources;
  bool is_copied = false;  // By the store, from its one source; else the bytes are read and sent.

  std::uint64_t size() const noexcept {
    return sources.back().range.end - sources.front().range.begin;
  }
};

// The least size of a part of a file, but for its last: with it there are never too many parts.
std::uint64_t part_size_least(std::uint64_t file_size) noexcept;

// The parts of a file of `file_size` bytes, in their order; none for an empty file. `extents` are
// in the order of the file and have all of it, without gaps, else it is storage_failed. An extent
// of part_size_least() and more is copied but for its begin, which completes a smaller part before
// it. internal: the file is larger than limits::s3_object_bytes_max.
Result<std::vector<PlannedPart>> plan_merge(std::uint64_t file_size,
                                            std::span<const model::Extent> extents,
                                            Copying copying = Copying::by_store);

}  // namespace sluice::s3
