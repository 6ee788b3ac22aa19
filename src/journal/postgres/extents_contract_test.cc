// SPDX-License-Identifier: MIT
// The promises of journal.h about where bytes lie, for each implementation.
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/tested_journal.h"

namespace sluice::journal::postgres {
namespace {

using sluice::testing::sample_upload;
using sluice::testing::sample_video;

using Extents = std::vector<model::Extent>;

class JournalOfExtents : public sluice::testing::TestedJournal {
 protected:
  UpdateUpload stores(std::uint64_t version, Extents extents) const {
    UpdateUpload update{1, based_on(version)};
    update.extents = std::move(extents);
    return update;
  }
  Extents extents(std::uint64_t id = 1, std::uint64_t from = 0, std::size_t count = 100) {
    return *sluice::testing::run(journal().extents(id, from, count));
  }
};

TEST_P(JournalOfExtents, ComeWithTheChangeThatNamesTheirBytes) {
  const Extents first{{{0, 9}, "a", 0}};
  ASSERT_TRUE(commit({CreateUpload{sample_upload(1), {}, first}, CreateUpload{sample_upload(2)}}));
  EXPECT_EQ(extents(), first);
  EXPECT_EQ(extents(2), Extents{});
  EXPECT_EQ(extents(3), Extents{}) << "there is no such upload";
  ASSERT_TRUE(commit({stores(0, {{{20, 30}, "c", 5}, {{9, 20}, "b", 0}})}));
  EXPECT_EQ(extents(), (Extents{{{0, 9}, "a"}, {{9, 20}, "b"}, {{20, 30}, "c", 5}}));
  EXPECT_EQ(refusal({stores(0, {{{30, 40}, "d"}})}), Errc::conflict);
  EXPECT_EQ(extents().size(), 3U) << "with the change, or not at all";
}

TEST_P(JournalOfExtents, AreReadInPagesFromAnyByteOn) {
  Extents all;
  for (std::uint64_t i = 0; i < 7; ++i) {
    all.push_back({{i * 10, i * 10 + (i == 3 ? 5 : 10)}, "object " + std::to_string(i), i});
  }
  ASSERT_TRUE(commit({CreateUpload{sample_upload(1), {}, all}}));
  ASSERT_TRUE(commit({CreateUpload{sample_upload(2), {}, {{{0, 100}, "another's"}}}}));
  EXPECT_EQ(extents(1, 0, 3), Extents(all.begin(), all.begin() + 3));
  EXPECT_EQ(extents(1, 30, 3), Extents(all.begin() + 3, all.begin() + 6));
  EXPECT_EQ(extents(1, 34, 1), Extents(all.begin() + 3, all.begin() + 4)) << "its last byte";
  EXPECT_EQ(extents(1, 35, 1), Extents(all.begin() + 4, all.begin() + 5)) << "a hole";
  EXPECT_EQ(extents(1, 69, 9), Extents(all.begin() + 6, all.end()));
  EXPECT_EQ(extents(1, 70, 9), Extents{});
}

TEST_P(JournalOfExtents, AByteKeepsTheExtentThatItHas) {
  ASSERT_TRUE(commit({CreateUpload{sample_upload(1), {}, {{{10, 20}, "a"}, {{30, 40}, "b"}}}}));
  ASSERT_TRUE(commit({stores(0, {{{0, 50}, "c", 7}})}));
  const Extents five{{{0, 10}, "c", 7},
                     {{10, 20}, "a"},
                     {{20, 30}, "c", 27},
                     {{30, 40}, "b"},
                     {{40, 50}, "c", 47}};
  EXPECT_EQ(extents(), five);
  ASSERT_TRUE(commit({stores(1, {{{0, 50}, "c", 7}})})) << "the change again";
  EXPECT_EQ(extents(), five);
  ASSERT_TRUE(commit({stores(2, {{{45, 55}, "d"}, {{54, 60}, "e"}})}));
  EXPECT_EQ(extents(1, 50), (Extents{{{50, 55}, "d", 5}, {{55, 60}, "e", 1}}))
      << "also within one change";
}

TEST_P(JournalOfExtents, AnExtentOfNoByteIsNone) {
  ASSERT_TRUE(commit({CreateUpload{sample_upload(1), {}, {{{5, 5}, "a"}, {{5, 6}, "b"}}}}));
  EXPECT_EQ(extents(), (Extents{{{5, 6}, "b"}}));
}

TEST_P(JournalOfExtents, OneObjectTakesThePlaceOfSeveral) {
  const Extents old{{{0, 9}, "a"}, {{9, 20}, "b", 3}};
  const Extents made{{{0, 20}, "whole"}};
  ASSERT_TRUE(commit({CreateUpload{sample_upload(1), {}, old}}));
  ASSERT_TRUE(commit({stores(0, {{{20, 30}, "c"}})}));
  struct Row {
    const char* what;
    ReplaceExtents change;
  };
  for (const Row& row : std::vector<Row>{
           {"more bytes", {1, old, {{{0, 21}, "whole"}}}},
           {"fewer bytes", {1, old, {{{0, 19}, "whole"}}}},
           {"bytes twice", {1, old, {{{0, 20}, "whole"}, {{5, 6}, "more"}}}},
           {"another object", {1, {{{0, 9}, "a"}, {{9, 20}, "x", 3}}, made}},
           {"another place in it", {1, {{{0, 9}, "a"}, {{9, 20}, "b", 4}}, made}},
           {"another range", {1, {{{0, 8}, "a"}, {{8, 20}, "b", 3}}, made}},
           {"another upload", {2, old, made}},
       }) {
    EXPECT_EQ(refusal({PutVideo{sample_video("v")}, row.change}), Errc::conflict) << row.what;
    EXPECT_EQ(extents(), (Extents{old[0], old[1], {{20, 30}, "c"}})) << row.what;
  }
  EXPECT_EQ(*sluice::testing::run(journal().find_video("v")), std::nullopt);
  ASSERT_TRUE(commit({ReplaceExtents{1, old, made}}));
  EXPECT_EQ(extents(), (Extents{{{0, 20}, "whole"}, {{20, 30}, "c"}}));
  EXPECT_EQ(find(1)->progress.version, 1U) << "it is no change of the record";
  EXPECT_EQ(refusal({ReplaceExtents{1, old, made}}), Errc::conflict) << "once";
  EXPECT_TRUE(journal().healthy());
}

TEST_P(JournalOfExtents, GoWithTheBlobAndWithTheRecord) {
  const Extents some{{{0, 9}, "a"}};
  for (std::uint64_t id = 1; id <= 3; ++id) {
    ASSERT_TRUE(commit({CreateUpload{sample_upload(id), {}, some}}));
  }
  model::UploadProgress ended = based_on(0);
  ended.state = model::UploadState::delivered;
  ASSERT_TRUE(commit({UpdateUpload{1, ended}}));
  EXPECT_EQ(extents(1), some) << "its objects are still to be removed";
  ended.version = 1;
  ended.blob_present = false;
  UpdateUpload last{1, ended};
  last.extents = {{{9, 10}, "too late"}};
  ASSERT_TRUE(commit({last}));
  EXPECT_EQ(extents(1), Extents{});
  ASSERT_TRUE(commit({RemoveUpload{2}}));
  EXPECT_EQ(extents(2), Extents{});
  EXPECT_EQ(extents(3), some);

  model::UploadRecord next = sample_upload(3);
  next.token = "another token";
  const Extents others{{{0, 4}, "b"}};
  ASSERT_TRUE(commit({RemoveUpload{3, 0}, CreateUpload{next, {}, others}}));
  EXPECT_EQ(extents(3), others) << "those of the upload that takes its place";
}

INSTANTIATE_TEST_SUITE_P(One, JournalOfExtents, sluice::testing::only_memory(),
                         sluice::testing::name_of);
INSTANTIATE_TEST_SUITE_P(All, JournalOfExtents, sluice::testing::databases(),
                         sluice::testing::name_of);

}  // namespace
}  // namespace sluice::journal::postgres
