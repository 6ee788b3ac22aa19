// SPDX-License-Identifier: MIT
#include "store/objects/extent_names.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "base/random.h"

namespace sluice::store::objects {

ExtentNames::ExtentNames(const std::string& prefix)
    : root_(prefix.empty() ? "e" : prefix + "/e"),
      run_(random_hex_id() + random_hex_id().substr(0, 4)) {}

std::string ExtentNames::next(std::uint64_t upload_id, ByteRange range) {
  return fmt::format("{}{}-{}-{}-{}", prefix_of(upload_id), run_, last_.fetch_add(1) + 1,
                     range.begin, range.end);
}

bool ExtentNames::is_whole(const model::Extent& extent) {
  return extent.object_begin == 0 &&
         extent.object.ends_with(fmt::format("-{}-{}", extent.range.begin, extent.range.end));
}

std::string ExtentNames::prefix_of(std::uint64_t upload_id) const {
  return fmt::format("{}/{:02x}/{}/", root_, upload_id & 0xFFU, upload_id);
}

std::uint64_t extent_bytes_of(std::uint64_t file_size) {
  const std::uint64_t equal = file_size / limits::extents_max + 1;
  return std::max(limits::extent_bytes, equal);
}

}  // namespace sluice::store::objects
