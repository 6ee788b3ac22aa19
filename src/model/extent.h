// SPDX-License-Identifier: MIT
// Where bytes of an upload lie, in a store that cannot tell it by the upload's number alone.
#pragma once

#include <cstdint>
#include <string>

#include "base/range_set.h"

namespace sluice::model {

struct Extent {
  ByteRange range;  // Of the file.
  std::string object;
  std::uint64_t object_begin = 0;  // Where the range begins in the object.

  friend bool operator==(const Extent&, const Extent&) = default;
};

}  // namespace sluice::model
