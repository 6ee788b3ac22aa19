// SPDX-License-Identifier: MIT
#include "model/extent.h"

#include <optional>

namespace sluice::model {
namespace {

std::optional<RangeSet> ranges_of(const std::vector<Extent>& extents) {
  RangeSet ranges;
  std::uint64_t bytes = 0;
  for (const Extent& extent : extents) {
    if (extent.range.empty()) {
      return std::nullopt;
    }
    ranges.add(extent.range);
    bytes += extent.range.size();
  }
  return bytes == ranges.total() ? std::optional(std::move(ranges)) : std::nullopt;
}

}  // namespace

Extent clipped(const Extent& extent, ByteRange part) {
  return {part, extent.object, extent.object_begin + (part.begin - extent.range.begin)};
}

std::vector<Extent> uncovered(const std::vector<Extent>& added, RangeSet covered) {
  std::vector<Extent> rest;
  for (const Extent& extent : added) {
    for (const ByteRange& part : covered.missing(extent.range)) {
      rest.push_back(clipped(extent, part));
    }
    covered.add(extent.range);
  }
  return rest;
}

bool cover_the_same(const std::vector<Extent>& some, const std::vector<Extent>& others) {
  const std::optional<RangeSet> ranges = ranges_of(some);
  return ranges && ranges == ranges_of(others);
}

}  // namespace sluice::model
