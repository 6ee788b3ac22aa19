// SPDX-License-Identifier: MIT
#include "protocol/multichunk/chunked_file.h"

#include <algorithm>

#include "base/check.h"
#include "base/checked.h"
#include "base/limits.h"

namespace sluice::protocol::multichunk {
namespace {

std::uint64_t divided_up(std::uint64_t number, std::uint64_t by) noexcept {
  return number / by + (number % by == 0 ? 0 : 1);
}

}  // namespace

ChunkedFile::ChunkedFile(ByteRange range, std::uint64_t part_size)
    : range_(range), part_size_(part_size) {
  SLUICE_CHECK(part_size > 0 && range.begin <= range.end);
}

std::uint64_t ChunkedFile::part_count() const noexcept {
  return divided_up(range_.size(), part_size_);
}

ByteRange ChunkedFile::part(std::uint64_t number) const {
  SLUICE_CHECK(number < part_count());
  const std::uint64_t begin = saturating_add(range_.begin, saturating_multiply(number, part_size_));
  return {begin, std::min(saturating_add(begin, part_size_), range_.end)};
}

std::vector<std::uint64_t> ChunkedFile::missing_parts(const RangeSet& stored) const {
  std::vector<std::uint64_t> parts;
  if (range_.empty()) {
    return parts;
  }
  const auto part_with = [this](std::uint64_t offset) {
    return saturating_subtract(offset, range_.begin) / part_size_;
  };
  for (const ByteRange& hole : stored.missing(range_)) {
    const std::uint64_t last = part_with(saturating_subtract(hole.end, 1));
    std::uint64_t number = part_with(hole.begin);
    if (!parts.empty()) {
      number = std::max(number, parts.back() + 1);
    }
    for (; number <= last; ++number) {
      parts.push_back(number);
    }
  }
  return parts;
}

bool ChunkedFile::is_complete(const RangeSet& stored) const {
  return range_.empty() || stored.contains(range_);
}

ChunkedFile main_file(const model::Layout& layout) {
  return {{0, layout.main_size}, layout.part_size};
}

std::optional<ChunkedFile> find_file(const model::Layout& layout, std::string_view tag) {
  if (tag.empty()) {
    return main_file(layout);
  }
  const auto found = std::ranges::find(layout.extra_files, tag, &model::ExtraFile::tag);
  if (found == layout.extra_files.end()) {
    return std::nullopt;
  }
  return ChunkedFile(found->range, layout.part_size);
}

std::uint64_t choose_part_size(std::uint64_t total_size) noexcept {
  const std::uint64_t least = divided_up(total_size, limits::part_count_max);
  const std::uint64_t units = divided_up(least, limits::part_bytes_unit);
  return std::max(saturating_multiply(units, limits::part_bytes_unit), limits::part_bytes_min);
}

}  // namespace sluice::protocol::multichunk
