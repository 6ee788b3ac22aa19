// SPDX-License-Identifier: MIT
#include "fsck/extents.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::fsck {
namespace {

using model::Extent;
using model::UploadRecord;
using model::UploadState;
using Objects = std::vector<UploadObject>;

UploadRecord record_with(ByteRange stored, UploadState state = UploadState::receiving) {
  UploadRecord record;
  record.id = 7;
  record.progress.state = state;
  record.progress.blob_present = true;
  record.progress.stored.add(stored);
  return record;
}

RangeSet bytes(std::initializer_list<ByteRange> ranges) {
  RangeSet set;
  for (const ByteRange range : ranges) {
    set.add(range);
  }
  return set;
}

TEST(ExtentsTest, BytesWithoutAnExtentOrItsObjectAreLost) {
  const UploadRecord record = record_with({0, 30});
  const std::vector<Extent> extents{{{0, 10}, "a", 0}, {{10, 20}, "b", 5}};
  struct Case {
    std::optional<Objects> objects;
    RangeSet lost;
  };
  for (const Case& each : {
           Case{std::nullopt, bytes({{20, 30}})},
           Case{Objects{{"a", 10, {0, 10}}, {"b", 15, {5, 20}}}, bytes({{20, 30}})},
           // An object that lost its end, and one that is gone.
           Case{Objects{{"a", 10, {0, 10}}, {"b", 14, {5, 20}}}, bytes({{10, 30}})},
           Case{Objects{{"b", 15, {5, 20}}}, bytes({{0, 10}, {20, 30}})},
       }) {
    EXPECT_EQ(compare(record, extents, each.objects).lost, each.lost);
  }
}

TEST(ExtentsTest, UnnamedObjectsAreOfUseWhereTheyAreTheOnlyOnes) {
  const UploadRecord record = record_with({0, 10});
  const Objects objects{{"a", 10, {0, 10}},    // Named.
                        {"b", 20, {5, 25}},    // Reaches into what is stored, and into the next.
                        {"c", 20, {20, 40}},   //
                        {"d", 10, {40, 60}}};  // Not whole.
  const ExtentReport report = compare(record, {{{0, 10}, "a", 0}}, objects);
  EXPECT_TRUE(report.lost.empty());
  EXPECT_EQ(report.unnamed, 3U);
  EXPECT_EQ(report.unused, (std::vector<Extent>{{{10, 20}, "b", 5}, {{25, 40}, "c", 5}}));
}

TEST(ExtentsTest, OnlyBytesThatAreNeededAreJudged) {
  ExtentReport report;
  report.lost.add({0, 5});
  const auto receiving = judge_extents(record_with({0, 5}), report);
  ASSERT_TRUE(receiving);
  EXPECT_EQ(receiving->remedy, Remedy::cut_stored);
  EXPECT_TRUE(receiving->what.contains("upload 7: the journal has the bytes 0-5"))
      << receiving->what;
  EXPECT_EQ(judge_extents(record_with({0, 5}, UploadState::refused), report)->remedy,
            Remedy::forget_blob);
  EXPECT_FALSE(judge_extents(record_with({0, 5}, UploadState::delivered), report));
  report = ExtentReport();
  report.unnamed = 2;
  EXPECT_TRUE(judge_extents(record_with({0, 5}), report)->harmless);
  EXPECT_FALSE(judge_extents(record_with({0, 5}), {}));
}

}  // namespace
}  // namespace sluice::fsck
