// SPDX-License-Identifier: MIT
#include "s3/fold_plan.h"

#include <cstdint>

#include "base/limits.h"

namespace sluice::s3 {

std::vector<Fold> plan_fold(std::span<const model::Extent> extents) {
  std::vector<Fold> folds;
  Fold run;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < extents.size(); ++i) {
    const ByteRange range = extents[i].range;
    const bool is_adjacent = run.count > 0 && extents[i - 1].range.end == range.begin;
    if (!is_adjacent || range.size() >= limits::s3_part_bytes_min) {
      run = {i, 0};
      bytes = 0;
    }
    if (range.size() >= limits::s3_part_bytes_min) {
      continue;
    }
    ++run.count;
    bytes += range.size();
    if (run.count >= limits::s3_fold_extents || bytes >= limits::s3_fold_bytes) {
      folds.push_back(run);
      run = {};
      bytes = 0;
    }
  }
  return folds;
}

}  // namespace sluice::s3
