// SPDX-License-Identifier: MIT
#include "protocol/multichunk/chunked_file.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace sluice::protocol::multichunk {
namespace {

using limits::MiB;
using Numbers = std::vector<std::uint64_t>;

RangeSet stored(const char* text) {
  return RangeSet::from_text(text).value();
}

TEST(ChunkedFile, IsCutIntoPartsOfWhichTheLastIsShorter) {
  struct Case {
    ByteRange range;
    std::uint64_t part_size;
    std::uint64_t count;
    ByteRange last;
  };
  constexpr std::uint64_t most = limits::file_size_max;
  const Case cases[] = {
      {{0, 1}, 5, 1, {0, 1}},
      {{0, 5}, 5, 1, {0, 5}},
      {{0, 6}, 5, 2, {5, 6}},
      {{0, 45'000'000}, 10'000'000, 5, {40'000'000, 45'000'000}},
      {{7, 18}, 5, 3, {17, 18}},
      {{7, 17}, 5, 2, {12, 17}},
      {{0, most}, 1, most, {most - 1, most}},
      {{0, most}, most, 1, {0, most}},
      {{most - 3, most}, 2, 2, {most - 1, most}},
  };
  for (const Case& c : cases) {
    const ChunkedFile file(c.range, c.part_size);
    EXPECT_EQ(file.part_count(), c.count);
    EXPECT_EQ(file.part(c.count - 1), c.last);
    EXPECT_EQ(file.part(0).begin, c.range.begin);
  }
  EXPECT_EQ(ChunkedFile({7, 7}, 5).part_count(), 0U);
}

TEST(ChunkedFile, MissesEveryPartOfWhichAByteIsMissing) {
  const ChunkedFile file({10, 32}, 5);  // 10-15, 15-20, 20-25, 25-30, 30-32
  const struct {
    const char* stored;
    Numbers missing;
  } cases[] = {
      {"", {0, 1, 2, 3, 4}},
      {"0-10", {0, 1, 2, 3, 4}},
      {"10-15", {1, 2, 3, 4}},
      {"10-14", {0, 1, 2, 3, 4}},
      {"15-20,30-32", {0, 2, 3}},
      {"11-32", {0}},
      {"10-31", {4}},
      {"10-12,13-14,16-32", {0, 1}},
      {"10-16,17-18,19-24,25-32", {1, 2}},
      {"0-100", {}},
      {"10-32", {}},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(file.missing_parts(stored(c.stored)), c.missing) << c.stored;
    EXPECT_EQ(file.is_complete(stored(c.stored)), c.missing.empty()) << c.stored;
  }
  EXPECT_EQ(ChunkedFile({7, 7}, 5).missing_parts({}), Numbers());
  EXPECT_TRUE(ChunkedFile({7, 7}, 5).is_complete({}));
}

TEST(ChunkedFile, IsFoundByItsTag) {
  model::Layout layout{11, 5, {}};
  EXPECT_TRUE(layout.add("cover", "c.jpg", 7));
  EXPECT_EQ(find_file(layout, "")->range(), (ByteRange{0, 11}));
  EXPECT_EQ(find_file(layout, "cover")->range(), (ByteRange{11, 18}));
  EXPECT_EQ(find_file(layout, "cover")->part(1), (ByteRange{16, 18}));
  EXPECT_FALSE(find_file(layout, "Cover"));
}

TEST(ChoosePartSize, KeepsPartsCountable) {
  const struct {
    std::uint64_t total;
    std::uint64_t part_size;
  } cases[] = {
      {0, 5 * MiB},
      {1, 5 * MiB},
      {50'000 * MiB, 5 * MiB},
      {50'000 * MiB + 1, 6 * MiB},
      {std::uint64_t{1} << 42U, 420 * MiB},
      {limits::file_size_max, 858'994 * MiB},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(choose_part_size(c.total), c.part_size) << c.total;
    EXPECT_LE(ChunkedFile({0, c.total}, c.part_size).part_count(), limits::part_count_max);
  }
}

}  // namespace
}  // namespace sluice::protocol::multichunk
