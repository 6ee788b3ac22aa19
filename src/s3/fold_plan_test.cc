// SPDX-License-Identifier: MIT
#include "s3/fold_plan.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "base/limits.h"

namespace sluice::s3 {
namespace {

using limits::KiB;
using limits::MiB;

struct Stretch {
  std::size_t count;
  std::uint64_t size;
  std::uint64_t gap = 0;  // Before it.
};

std::vector<model::Extent> extents_in(const std::vector<Stretch>& runs) {
  std::vector<model::Extent> extents;
  std::uint64_t at = 0;
  for (const Stretch& run : runs) {
    at += run.gap;
    for (std::size_t i = 0; i < run.count; ++i) {
      extents.push_back({{at, at + run.size}, "object", 0});
      at += run.size;
    }
  }
  return extents;
}

TEST(FoldPlan, ManySmallExtentsBecomeOne) {
  const struct {
    std::vector<Stretch> runs;
    std::vector<Fold> folds;
  } rows[] = {
      {{}, {}},
      {{{255, 50 * KiB}}, {}},
      {{{256, 1}}, {{0, 256}}},
      {{{600, 1}}, {{0, 256}, {256, 256}}},
      {{{164, 100 * KiB}}, {{0, 164}}},
      {{{163, 100 * KiB}}, {}},
      {{{4, 4 * MiB}}, {{0, 4}}},
      {{{3, 4 * MiB}}, {}},
      {{{10, 5 * MiB}}, {}},
      {{{2, 4 * MiB}, {1, 5 * MiB}, {4, 4 * MiB}}, {{3, 4}}},
      {{{2, 4 * MiB}, {2, 4 * MiB, 1}}, {}},
      {{{3, 4 * MiB}, {5, 4 * MiB, 1}}, {{3, 4}}},
      {{{1, 5 * MiB}, {256, 1}, {1, 5 * MiB}, {256, 1}}, {{1, 256}, {258, 256}}},
  };
  for (const auto& row : rows) {
    const std::vector<model::Extent> extents = extents_in(row.runs);
    EXPECT_EQ(plan_fold(extents), row.folds) << ::testing::PrintToString(row.runs.size());
  }
}

}  // namespace
}  // namespace sluice::s3
