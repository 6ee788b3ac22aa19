// SPDX-License-Identifier: MIT
#include "s3/merge_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace sluice::s3 {
namespace {

// The first `size` bytes of `extent`, which are taken from it.
model::Extent take_front(model::Extent& extent, std::uint64_t size) {
  model::Extent front = extent;
  front.range.end = extent.range.begin + size;
  extent.range.begin += size;
  extent.object_begin += size;
  return front;
}

std::unexpected<Error> incomplete(std::uint64_t file_size, std::uint64_t end) {
  return fail(Errc::storage_failed,
              fmt::format("the extents of a file of {} bytes do not go on at {}", file_size, end));
}

class Plan {
 public:
  Plan(std::uint64_t file_size, Copying copying)
      : least_(part_size_least(file_size)), copies_(copying == Copying::by_store) {}

  void add(model::Extent extent) {
    while (!extent.range.empty()) {
      if (copies_ && gathered_ == 0 && extent.range.size() >= least_) {
        copy(extent);
      } else {
        gather(extent);
      }
    }
  }

  std::vector<PlannedPart> finish() {
    close();
    return std::move(parts_);
  }

 private:
  void copy(model::Extent& extent) {
    const std::uint64_t size = std::min(extent.range.size(), limits::s3_part_bytes_max);
    parts_.push_back({{take_front(extent, size)}, true});
  }

  // Takes what the part lacks, or all of the extent where its rest could not be copied any more.
  void gather(model::Extent& extent) {
    const std::uint64_t size = extent.range.size();
    const std::uint64_t lacking = least_ - gathered_;
    const bool leaves_enough = size >= lacking && (!copies_ || size - lacking >= least_);
    const std::uint64_t taken = leaves_enough ? lacking : size;
    open_.sources.push_back(take_front(extent, taken));
    gathered_ += taken;
    if (gathered_ >= least_) {
      close();
    }
  }

  void close() {
    if (gathered_ > 0) {
      parts_.push_back(std::exchange(open_, {}));
      gathered_ = 0;
    }
  }

  const std::uint64_t least_;
  const bool copies_;
  std::vector<PlannedPart> parts_;
  PlannedPart open_;
  std::uint64_t gathered_ = 0;  // Bytes of the open part.
};

}  // namespace

std::uint64_t part_size_least(std::uint64_t file_size) noexcept {
  const std::uint64_t rounded_up =
      file_size / limits::s3_planned_parts + (file_size % limits::s3_planned_parts == 0 ? 0 : 1);
  return std::max(limits::s3_part_bytes_min, rounded_up);
}

Result<std::vector<PlannedPart>> plan_merge(std::uint64_t file_size,
                                            std::span<const model::Extent> extents,
                                            Copying copying) {
  if (file_size > limits::s3_object_bytes_max) {
    return fail(Errc::internal, fmt::format("an object has {} bytes at the most, not {}",
                                            limits::s3_object_bytes_max, file_size));
  }
  Plan plan(file_size, copying);
  std::uint64_t end = 0;
  for (const model::Extent& extent : extents) {
    if (extent.range.begin != end || extent.range.empty()) {
      return incomplete(file_size, end);
    }
    end = extent.range.end;
    plan.add(extent);
  }
  if (end != file_size) {
    return incomplete(file_size, end);
  }
  return plan.finish();
}

}  // namespace sluice::s3
