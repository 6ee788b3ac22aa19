// SPDX-License-Identifier: MIT
// Which small extents of a file become one object, so that their number stays bounded. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "model/extent.h"

namespace sluice::s3 {

// Extents one behind the other: [first, first + count) of those that were asked about.
struct Fold {
  std::size_t first = 0;
  std::size_t count = 0;

  friend bool operator==(const Fold&, const Fold&) = default;
};

// Runs of adjacent extents below limits::s3_part_bytes_min: limits::s3_fold_extents of them, or
// fewer that have limits::s3_fold_bytes together. A shorter run waits for more. `extents` are in
// the order of the file and do not overlap.
std::vector<Fold> plan_fold(std::span<const model::Extent> extents);

}  // namespace sluice::s3
