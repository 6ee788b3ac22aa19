// SPDX-License-Identifier: MIT
#include "s3/merge_plan.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "base/limits.h"

namespace sluice::s3 {
namespace {

using limits::MiB;
constexpr std::uint64_t GiB = 1024 * MiB;
constexpr std::uint64_t TiB = 1024 * GiB;

// One behind the other, each an object of its own: "0", "1", ...
std::vector<model::Extent> extents_of(const std::vector<std::uint64_t>& sizes) {
  std::vector<model::Extent> extents;
  std::uint64_t at = 0;
  for (const std::uint64_t size : sizes) {
    extents.push_back({{at, at + size}, std::to_string(extents.size()), 0});
    at += size;
  }
  return extents;
}

std::uint64_t end_of(const std::vector<model::Extent>& extents) {
  return extents.empty() ? 0 : extents.back().range.end;
}

// "copy 0:0-5; send 1:0-2 2:0-1": objects and the ranges in them, in MiB.
std::string described(const std::vector<PlannedPart>& parts) {
  std::string text;
  for (const PlannedPart& part : parts) {
    text += (text.empty() ? "" : "; ") + std::string(part.is_copied ? "copy" : "send");
    for (const model::Extent& source : part.sources) {
      text += fmt::format(" {}:{}-{}", source.object, source.object_begin / MiB,
                          (source.object_begin + source.range.size()) / MiB);
    }
  }
  return text;
}

TEST(MergePlan, LargeExtentsAreCopiedAndSmallOnesAreSent) {
  const struct {
    std::vector<std::uint64_t> mebibytes;
    const char* plan;
  } rows[] = {
      {{}, ""},
      {{1}, "send 0:0-1"},
      {{5}, "copy 0:0-5"},
      {{16, 16, 3}, "copy 0:0-16; copy 1:0-16; send 2:0-3"},
      {{1, 2, 3, 1}, "send 0:0-1 1:0-2 2:0-3; send 3:0-1"},
      {{1, 1}, "send 0:0-1 1:0-1"},
      // The begin of a large one completes a small one before it.
      {{16, 1, 16}, "copy 0:0-16; send 1:0-1 2:0-4; copy 2:4-16"},
      // All of it, where the rest would be too small to be copied.
      {{1, 8, 16}, "send 0:0-1 1:0-8; copy 2:0-16"},
      {{1, 9, 16}, "send 0:0-1 1:0-4; copy 1:4-9; copy 2:0-16"},
      {{4, 4, 5, 2}, "send 0:0-4 1:0-4; copy 2:0-5; send 3:0-2"},
      {{5 * 1024 + 7}, "copy 0:0-5120; copy 0:5120-5127"},
      {{5 * 1024 + 1, 10}, "copy 0:0-5120; send 0:5120-5121 1:0-4; copy 1:4-10"},
      {{11'264}, "copy 0:0-5120; copy 0:5120-10240; copy 0:10240-11264"},
  };
  for (const auto& row : rows) {
    std::vector<std::uint64_t> sizes = row.mebibytes;
    for (std::uint64_t& size : sizes) {
      size *= MiB;
    }
    const std::vector<model::Extent> extents = extents_of(sizes);
    const auto plan = plan_merge(end_of(extents), extents);
    ASSERT_TRUE(plan) << row.plan << plan.error().message();
    EXPECT_EQ(described(*plan), row.plan);
  }
}

TEST(MergePlan, StreamedPartsHaveOneSize) {
  std::vector<model::Extent> extents = extents_of({1 * MiB, 16 * MiB, 5 * MiB, 1 * MiB});
  const auto plan = plan_merge(23 * MiB, extents, Copying::streamed);
  ASSERT_TRUE(plan);
  EXPECT_EQ(described(*plan),
            "send 0:0-1 1:0-4; send 1:4-9; send 1:9-14; send 1:14-16 2:0-3; send 2:3-5 3:0-1");
  extents = extents_of({5 * TiB});
  const auto large = plan_merge(5 * TiB, extents, Copying::streamed);
  ASSERT_TRUE(large);
  EXPECT_LE(large->size(), limits::s3_parts_max);
}

TEST(MergePlan, BytesInTheMiddleOfAnObjectStayWhereTheyAre) {
  const std::vector<model::Extent> extents{{{0, MiB}, "a", 7 * MiB},
                                           {{MiB, 21 * MiB}, "b", 100 * MiB}};
  const auto plan = plan_merge(21 * MiB, extents);
  ASSERT_TRUE(plan);
  EXPECT_EQ(described(*plan), "send a:7-8 b:100-104; copy b:104-120");
  EXPECT_EQ(plan->at(1).sources.front().range, (ByteRange{5 * MiB, 21 * MiB}));
}

TEST(MergePlan, PartsOfLargeFilesAreSoLargeThatTheyAreNotTooMany) {
  EXPECT_EQ(part_size_least(0), 5 * MiB);
  EXPECT_EQ(part_size_least(45'000 * MiB), 5 * MiB);
  EXPECT_EQ(part_size_least(45'000 * MiB + 1), 5 * MiB + 1);
  EXPECT_EQ(part_size_least(5 * TiB), (5 * TiB + 8999) / 9000);
  for (const std::uint64_t extent_size : {64 * MiB, 100 * MiB, 583 * MiB, 700 * MiB}) {
    const std::vector<model::Extent> extents =
        extents_of(std::vector<std::uint64_t>(5 * TiB / extent_size, extent_size));
    const auto plan = plan_merge(end_of(extents), extents);
    ASSERT_TRUE(plan);
    EXPECT_LE(plan->size(), limits::s3_parts_max) << extent_size;
    for (const PlannedPart& part : *plan) {
      EXPECT_LE(part.size(), limits::s3_part_bytes_max);
      EXPECT_TRUE(part.size() >= limits::s3_part_bytes_min || &part == &plan->back());
    }
  }
}

TEST(MergePlan, ExtentsWithoutAllBytesOfTheFileAreRefused) {
  const struct {
    std::uint64_t file_size;
    std::vector<model::Extent> extents;
  } rows[] = {
      {1, {}},
      {0, {{{0, 1}, "a", 0}}},
      {10, {{{0, 9}, "a", 0}}},
      {10, {{{0, 11}, "a", 0}}},
      {10, {{{1, 10}, "a", 0}}},
      {10, {{{0, 5}, "a", 0}, {{6, 10}, "b", 0}}},
      {10, {{{0, 5}, "a", 0}, {{4, 10}, "b", 0}}},
      {10, {{{0, 10}, "a", 0}, {{0, 10}, "b", 0}}},
      {10, {{{0, 10}, "a", 0}, {{10, 10}, "b", 0}, {{20, 21}, "c", 0}}},
  };
  for (const auto& row : rows) {
    const auto plan = plan_merge(row.file_size, row.extents);
    ASSERT_FALSE(plan) << row.file_size << " " << row.extents.size();
    EXPECT_EQ(plan.error().code(), Errc::storage_failed);
  }
}

TEST(MergePlan, AnObjectHasABound) {
  const std::vector<model::Extent> extents{{{0, 5 * TiB + 1}, "a", 0}};
  const auto plan = plan_merge(5 * TiB + 1, extents);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code(), Errc::internal);
}

}  // namespace
}  // namespace sluice::s3
