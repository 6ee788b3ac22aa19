// SPDX-License-Identifier: MIT
// The problems of an upload's record, its extents and its objects that do not fit together. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/range_set.h"
#include "fsck/comparison.h"
#include "model/extent.h"
#include "model/upload.h"

namespace sluice::fsck {

// An object as its name and the store tell of it.
struct UploadObject {
  std::string key;
  std::uint64_t size = 0;
  ByteRange range;  // Of the file; of another length than `size`: not what was written.
};

struct ExtentReport {
  RangeSet lost;                      // Of the bytes that the record has: no object holds them.
  std::vector<model::Extent> unused;  // Bytes that the record does not have. Each byte once.
  std::uint64_t unnamed = 0;          // Objects that no extent names.
};

// `objects`: unset where the store is not looked at, so that only the extents are. Of bytes that
// several unnamed objects have, `unused` has none: nothing says which of them came last.
ExtentReport compare(const model::UploadRecord& record, const std::vector<model::Extent>& extents,
                     const std::optional<std::vector<UploadObject>>& objects);

// Nothing to say: nullopt. Only of an upload whose bytes are still needed.
std::optional<Finding> judge_extents(const model::UploadRecord& record, const ExtentReport& report);

}  // namespace sluice::fsck
