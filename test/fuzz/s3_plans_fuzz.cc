// SPDX-License-Identifier: MIT
// A plan of a merge has every byte of the file once, in parts that a store takes; one of folds has
// only small neighbours.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/limits.h"
#include "fuzz/fuzz_input.h"
#include "s3/fold_plan.h"
#include "s3/merge_plan.h"

namespace {

using namespace sluice;

// Up to 64 GiB each, of all magnitudes; now and then with a gap before it.
std::vector<model::Extent> extents_of(testing::FuzzInput input) {
  std::vector<model::Extent> extents;
  std::uint64_t at = 0;
  while (!input.empty()) {
    const std::uint8_t form = input.take();
    const std::uint64_t size = (std::uint64_t{input.take()} + 1) << (form % 29U);
    at += form >= 250U ? 1 : 0;
    const std::uint64_t end = at + size;
    extents.push_back({{at, end}, std::to_string(extents.size()), std::uint64_t{form} << 20U});
    at = end;
  }
  return extents;
}

// The byte of the file at `at`, as its object and the place in it.
bool is_byte_of(const model::Extent& source, const std::vector<model::Extent>& extents) {
  return std::ranges::any_of(extents, [&](const model::Extent& extent) {
    return extent.object == source.object && extent.range.begin <= source.range.begin &&
           source.range.end <= extent.range.end &&
           source.object_begin - extent.object_begin == source.range.begin - extent.range.begin;
  });
}

void check_merge(const std::vector<model::Extent>& extents) {
  const std::uint64_t size = extents.empty() ? 0 : extents.back().range.end;
  const auto plan = s3::plan_merge(size, extents);
  if (!plan) {
    return;
  }
  SLUICE_CHECK(plan->size() <= limits::s3_parts_max);
  std::uint64_t at = 0;
  for (const s3::PlannedPart& part : *plan) {
    SLUICE_CHECK(!part.is_copied || part.sources.size() == 1);
    for (const model::Extent& source : part.sources) {
      SLUICE_CHECK(source.range.begin == at && !source.range.empty());
      SLUICE_CHECK(is_byte_of(source, extents));
      at = source.range.end;
    }
    SLUICE_CHECK(part.size() <= limits::s3_part_bytes_max);
    SLUICE_CHECK(part.size() >= s3::part_size_least(size) || &part == &plan->back());
    SLUICE_CHECK(part.is_copied || part.size() < 2 * s3::part_size_least(size));
  }
  SLUICE_CHECK(at == size);
}

void check_folds(const std::vector<model::Extent>& extents) {
  std::size_t end = 0;
  for (const s3::Fold& fold : s3::plan_fold(extents)) {
    SLUICE_CHECK(fold.first >= end && fold.count > 1);
    end = fold.first + fold.count;
    SLUICE_CHECK(end <= extents.size() && fold.count <= limits::s3_fold_extents);
    for (std::size_t i = fold.first; i < end; ++i) {
      SLUICE_CHECK(extents[i].range.size() < limits::s3_part_bytes_min);
      SLUICE_CHECK(i == fold.first || extents[i].range.begin == extents[i - 1].range.end);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<model::Extent> extents = extents_of(testing::FuzzInput({data, size}));
  check_merge(extents);
  check_folds(extents);
  return 0;
}
