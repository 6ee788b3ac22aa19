// SPDX-License-Identifier: MIT
// Where bytes of an upload lie, in a store that cannot tell it by the upload's number alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/range_set.h"

namespace sluice::model {

struct Extent {
  ByteRange range;  // Of the file.
  std::string object;
  std::uint64_t object_begin = 0;  // Where the range begins in the object.

  friend bool operator==(const Extent&, const Extent&) = default;
};

// Of the extent, what lies in `part` of the file, which is within its range.
Extent clipped(const Extent& extent, ByteRange part);
// `added` without the bytes that `covered` has, and each byte once: one that has an extent keeps
// it.
std::vector<Extent> uncovered(const std::vector<Extent>& added, RangeSet covered);
// Whether both are of the same bytes, and neither has one twice, nor an extent of none.
bool cover_the_same(const std::vector<Extent>& some, const std::vector<Extent>& others);

}  // namespace sluice::model
