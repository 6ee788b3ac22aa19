// SPDX-License-Identifier: MIT
// The promises of journal.h, for each implementation.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "support/tested_journal.h"

namespace sluice::journal::postgres {
namespace {

using sluice::testing::sample_upload;
using sluice::testing::sample_video;

class JournalContract : public sluice::testing::TestedJournal {
 protected:
  static model::UploadProgress based_on_size(std::uint64_t version,
                                             std::optional<std::uint64_t> size) {
    model::UploadProgress progress = based_on(version);
    progress.file_size = size;
    return progress;
  }
};

TEST_P(JournalContract, EachChangeMakesTheNextVersion) {
  ASSERT_TRUE(commit({CreateUpload{sample_upload(1)}}));
  EXPECT_EQ(find(1)->progress.version, 0U);
  ASSERT_TRUE(commit({UpdateUpload{1, based_on(0)}}));
  ASSERT_TRUE(commit({UpdateUpload{1, based_on(1)}}));
  EXPECT_EQ(find(1)->progress.version, 2U);
}

TEST_P(JournalContract, AChangeOfAnotherVersionIsAConflictAndChangesNothing) {
  ASSERT_TRUE(commit({CreateUpload{sample_upload(1)}, CreateUpload{sample_upload(2)}}));
  ASSERT_TRUE(commit({UpdateUpload{1, based_on(0)}}));
  const std::optional<model::UploadRecord> before = find(1);
  EXPECT_EQ(refusal({PutVideo{sample_video("v")}, UpdateUpload{1, based_on(0)}}), Errc::conflict);
  EXPECT_EQ(refusal({UpdateUpload{1, based_on(2)}}), Errc::conflict);
  EXPECT_EQ(refusal({PutVideo{sample_video("v")}, UpdateUpload{3, based_on(0)}}), Errc::conflict)
      << "there is no such upload";
  EXPECT_EQ(find(1), before);
  EXPECT_EQ(*sluice::testing::run(journal().find_video("v")), std::nullopt);
  EXPECT_TRUE(journal().healthy());
  EXPECT_TRUE(commit({UpdateUpload{2, based_on(0)}})) << "another upload has its own version";
}

TEST_P(JournalContract, AnEndThatCameTooLateIsAConflict) {
  model::UploadProgress ended = based_on(0);
  ended.state = model::UploadState::aborted;
  ended.blob_present = false;
  ASSERT_TRUE(commit({CreateUpload{sample_upload(1)}, CreateUpload{sample_upload(2)}}));
  ASSERT_TRUE(commit({UpdateUpload{1, based_on(0)}}));
  EXPECT_EQ(refusal({UpdateUpload{1, ended}}), Errc::conflict);
  EXPECT_EQ(find(1)->progress.state, model::UploadState::receiving);
}

TEST_P(JournalContract, OnlyTheVersionThatIsMeantIsRemoved) {
  ASSERT_TRUE(commit({CreateUpload{sample_upload(1)}}));
  ASSERT_TRUE(commit({UpdateUpload{1, based_on(0)}}));
  EXPECT_EQ(refusal({RemoveUpload{1, 0}}), Errc::conflict);
  ASSERT_TRUE(find(1));
  ASSERT_TRUE(commit({RemoveUpload{1, 1}}));
  EXPECT_FALSE(find(1));
  EXPECT_TRUE(commit({RemoveUpload{1}})) << "it is gone already";
  EXPECT_EQ(refusal({RemoveUpload{1, 1}}), Errc::conflict) << "another has removed this version";
}

TEST_P(JournalContract, AnUploadTakesThePlaceOfAnotherInOneCommit) {
  model::UploadRecord nameless = sample_upload(1);
  nameless.file_name.clear();
  nameless.progress.file_size.reset();
  model::UploadRecord other = sample_upload(2);
  other.owner = "ann";
  other.progress.file_size = other.file_size_max = 90;
  ASSERT_TRUE(commit({CreateUpload{nameless}, CreateUpload{other}}));
  EXPECT_EQ(find(1), nameless);
  ASSERT_TRUE(commit({UpdateUpload{1, nameless.progress}}));

  model::UploadRecord known = sample_upload(1);
  known.token = "another token";
  known.owner = "ann";
  known.progress.state = model::UploadState::received;
  known.progress.file_size = known.file_size_max = 11;
  const OwnerLimits limits{.sessions = 1, .bytes = 100};
  EXPECT_EQ(refusal({RemoveUpload{1, 1}, CreateUpload{known, limits}}), Errc::quota_exceeded);
  EXPECT_EQ(refusal({RemoveUpload{1, 0}, CreateUpload{known}}), Errc::conflict);
  EXPECT_EQ(find(1)->token, nameless.token) << "all or nothing";
  known.progress.file_size = known.file_size_max = 10;
  ASSERT_TRUE(commit({RemoveUpload{1, 1}, CreateUpload{known, limits}}));
  EXPECT_EQ(find(1), known);
  EXPECT_FALSE(*sluice::testing::run(journal().find_upload(nameless.token)));
  EXPECT_EQ(*sluice::testing::run(journal().find_upload(known.token)), known);
  EXPECT_EQ(refusal({RemoveUpload{1, 1}, CreateUpload{known}}), Errc::conflict) << "once";
  EXPECT_EQ(sluice::testing::run(journal().promises())->unfinished_uploads, 1U);
}

TEST_P(JournalContract, ASizeThatIsNotKnownAtFirstIsKeptOnceItIs) {
  model::UploadRecord record = sample_upload(1);
  record.progress.file_size.reset();
  ASSERT_TRUE(commit({CreateUpload{record}}));
  ASSERT_TRUE(commit({UpdateUpload{1, based_on_size(0, std::nullopt)}}));
  EXPECT_EQ(find(1)->progress.file_size, std::nullopt);
  EXPECT_EQ(find(1)->file_size_max, record.file_size_max);
  EXPECT_EQ(sluice::testing::run(journal().promises())->bytes, limits::unknown_size_room);
  ASSERT_TRUE(commit({UpdateUpload{1, based_on_size(1, 12)}}));
  EXPECT_EQ(find(1)->progress.file_size, 12U);
  EXPECT_EQ(sluice::testing::run(journal().promises())->bytes, 12U);
}

TEST_P(JournalContract, ASecondUploadWithTheSameTokenIsAConflict) {
  const model::UploadRecord first = sample_upload(1);
  model::UploadRecord second = sample_upload(2);
  second.token = first.token;
  ASSERT_TRUE(commit({CreateUpload{first}}));
  EXPECT_EQ(refusal({CreateUpload{second}}), Errc::conflict);
  EXPECT_EQ(sluice::testing::run(journal().find_upload(first.token)).value()->id, 1U);
}

TEST_P(JournalContract, ATokenIsFreeWithTheCommitThatRemovesItsUpload) {
  model::UploadRecord other = sample_upload(2);
  other.token = sample_upload(1).token;
  ASSERT_TRUE(commit({CreateUpload{sample_upload(1)}}));
  EXPECT_TRUE(commit({RemoveUpload{1, 0}, CreateUpload{other}}));
  EXPECT_FALSE(find(1));
  EXPECT_TRUE(find(2));
}

TEST_P(JournalContract, GivesEachNumberOnce) {
  const Result<std::uint64_t> first = sluice::testing::run(journal().next_upload_id());
  const Result<std::uint64_t> second = sluice::testing::run(journal().next_upload_id());
  ASSERT_TRUE(first && second);
  EXPECT_LT(*first, *second);
}

TEST_P(JournalContract, SumsUpWhatUnfinishedUploadsWaitFor) {
  model::UploadRecord owned = sample_upload(1);
  owned.owner = "ann";
  model::UploadRecord begun = sample_upload(2);
  begun.progress.stored.add({0, 1});
  model::UploadRecord received = sample_upload(3);
  received.progress.state = model::UploadState::received;
  ASSERT_TRUE(commit({CreateUpload{owned}, CreateUpload{begun}, CreateUpload{received},
                      CreateUpload{sample_upload(4)}}));
  const Result<Promises> promises = sluice::testing::run(journal().promises());
  ASSERT_TRUE(promises);
  EXPECT_EQ(promises->bytes, 2 * owned.file_size_max);
  EXPECT_EQ(promises->to_owners, (std::vector<PromisedRoom>{{1, "ann", owned.file_size_max}}));
  EXPECT_EQ(promises->unfinished_uploads, 3U);
}

using Ids = std::vector<std::uint64_t>;

TEST_P(JournalContract, WhatANodeHoldsNoOtherGets) {
  const Lease ann{"ann", std::chrono::hours(1)};
  const Lease bob{"bob", std::chrono::hours(1)};
  const auto claim = [this](Work work, Ids ids, const Lease& lease) {
    return *sluice::testing::run(journal().claim(work, std::move(ids), lease));
  };
  EXPECT_EQ(claim(Work::delivery, {1, 2}, ann), (Ids{1, 2}));
  EXPECT_EQ(claim(Work::delivery, {1, 2, 3}, bob), (Ids{3}));
  EXPECT_EQ(claim(Work::notification, {1}, bob), (Ids{1})) << "another work";
  EXPECT_EQ(claim(Work::delivery, {2, 3}, ann), (Ids{2})) << "its own it gets again";
  ASSERT_TRUE(sluice::testing::run(journal().release(Work::delivery, {1, 2, 3}, "ann")));
  EXPECT_EQ(claim(Work::delivery, {1, 2}, bob), (Ids{1, 2}));
  EXPECT_EQ(claim(Work::delivery, {3}, ann), Ids{}) << "only its own it releases";
}

TEST_P(JournalContract, ALeaseEnds) {
  const Lease ann{"ann", std::chrono::milliseconds(1)};
  const Lease bob{"bob", std::chrono::hours(1)};
  EXPECT_EQ(*sluice::testing::run(journal().claim(Work::delivery, {1}, ann)), (Ids{1}));
  memory_.lease_clock.advance(std::chrono::milliseconds(2));
  std::this_thread::sleep_for(
      std::chrono::milliseconds(GetParam() == sluice::testing::JournalKind::memory ? 0 : 3));
  EXPECT_EQ(*sluice::testing::run(journal().claim(Work::delivery, {1}, bob)), (Ids{1}));
  EXPECT_EQ(*sluice::testing::run(journal().claim(Work::delivery, {1}, ann)), Ids{});
}

TEST_P(JournalContract, ListsUploadsByStateAndOwner) {
  for (std::uint64_t id = 1; id <= 8; ++id) {
    model::UploadRecord record = sample_upload(id);
    record.owner = id % 2 == 0 ? "ann" : "";
    record.progress.state = id > 4 ? model::UploadState::failed : model::UploadState::receiving;
    ASSERT_TRUE(commit({CreateUpload{record}}));
  }
  const auto list = [this](const UploadQuery& query) {
    Ids ids;
    for (const model::UploadRecord& record : *sluice::testing::run(journal().list_uploads(query))) {
      ids.push_back(record.id);
    }
    return ids;
  };
  EXPECT_EQ(list({}), (Ids{1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(list({.after = 2, .count = 3}), (Ids{3, 4, 5}));
  EXPECT_EQ(list({.state = model::UploadState::failed}), (Ids{5, 6, 7, 8}));
  EXPECT_EQ(list({.owner = "ann"}), (Ids{2, 4, 6, 8}));
  EXPECT_EQ(list({.owner = "", .count = 2}), (Ids{1, 3}));
  EXPECT_EQ(list({.state = model::UploadState::failed, .owner = "ann", .after = 6}), (Ids{8}));
  EXPECT_EQ(list({.state = model::UploadState::expired}), Ids{});
  EXPECT_EQ(list({.count = 0}), Ids{});
  EXPECT_EQ(list({.is_newest_first = true}), (Ids{8, 7, 6, 5, 4, 3, 2, 1}));
  EXPECT_EQ(list({.after = 6, .count = 2, .is_newest_first = true}), (Ids{5, 4}));
  EXPECT_EQ(list({.after = 1, .is_newest_first = true}), Ids{});
  EXPECT_EQ(list({.state = model::UploadState::failed,
                  .owner = "ann",
                  .after = 8,
                  .is_newest_first = true}),
            (Ids{6}));
}

TEST_P(JournalContract, ListsFilesThatAreToBeMadeOfPartialUploads) {
  std::vector<model::UploadRecord> records;
  for (std::uint64_t id = 1; id <= 4; ++id) {
    records.push_back(sample_upload(id));
    if (id != 2) {
      records.back().partials = {std::string(43, 'a'), std::string(43, 'b')};
    }
    ASSERT_TRUE(commit({CreateUpload{records.back()}}));
  }
  const auto unmade = [this](std::uint64_t after, std::size_t count) {
    return *sluice::testing::run(journal().unmade(after, count));
  };
  EXPECT_EQ(unmade(0, 9), (std::vector{records[0], records[2], records[3]}));
  EXPECT_EQ(unmade(0, 1), (std::vector{records[0]}));
  EXPECT_EQ(unmade(1, 1), (std::vector{records[2]}));
  model::UploadProgress progress = records[2].progress;
  progress.state = model::UploadState::received;
  ASSERT_TRUE(commit({UpdateUpload{3, progress}}));
  EXPECT_EQ(unmade(0, 9), (std::vector{records[0], records[3]}));
}

TEST_P(JournalContract, ListsMoreThanOneStepReads) {
  const std::uint64_t last = limits::read_step_entries + 10;
  std::vector<Change> changes;
  for (std::uint64_t id = 1; id <= last; ++id) {
    model::UploadRecord record = sample_upload(id);
    record.owner = id + 5 > last ? "ann" : "";
    changes.emplace_back(CreateUpload{std::move(record)});
  }
  ASSERT_TRUE(commit_in_steps(changes));
  const auto all = sluice::testing::run(journal().list_uploads({.count = 2 * last}));
  EXPECT_EQ(all->size(), last);
  const auto found = sluice::testing::run(journal().list_uploads({.owner = "ann"}));
  ASSERT_EQ(found->size(), 5U);
  EXPECT_EQ(found->back().id, last);
  const auto newest =
      sluice::testing::run(journal().list_uploads({.count = 2 * last, .is_newest_first = true}));
  ASSERT_EQ(newest->size(), last);
  EXPECT_EQ(newest->front().id, last);
  EXPECT_EQ(newest->back().id, 1U);
  const auto oldest = sluice::testing::run(
      journal().list_uploads({.owner = "", .count = 2 * last, .is_newest_first = true}));
  ASSERT_EQ(oldest->size(), last - 5);
  EXPECT_EQ(oldest->back().id, 1U);
}

TEST_P(JournalContract, ListsFilesThatAreNoVideosByTheirStatusAlone) {
  std::vector<Change> changes;
  for (const auto& [id, status] : {std::pair{"a", "success"}, std::pair{"b", "stored"},
                                   std::pair{"c", "stored"}, std::pair{"d", "deleted"}}) {
    model::VideoRecord record = sample_video(id);
    record.status = status;
    changes.emplace_back(PutVideo{std::move(record)});
  }
  ASSERT_TRUE(commit(std::move(changes)));
  const auto list = [this](std::optional<std::string> status, std::optional<std::string> owner) {
    const auto page = sluice::testing::run(
        journal().list_videos({.status = std::move(status), .owner = std::move(owner)}));
    EXPECT_EQ(page->total, page->records.size());
    std::string ids;
    for (const model::VideoRecord& record : page->records) {
      ids.insert(0, record.id);
    }
    return ids;
  };
  for (const std::optional<std::string>& owner :
       {std::optional<std::string>(), std::optional(sample_video("").owner)}) {
    EXPECT_EQ(list({}, owner), "a");
    std::string stored = list("stored", owner);
    std::ranges::sort(stored);
    EXPECT_EQ(stored, "bc");
  }
  EXPECT_EQ(list("stored", "nobody"), "");
}

INSTANTIATE_TEST_SUITE_P(One, JournalContract, sluice::testing::only_memory(),
                         sluice::testing::name_of);
INSTANTIATE_TEST_SUITE_P(All, JournalContract, sluice::testing::databases(),
                         sluice::testing::name_of);

}  // namespace
}  // namespace sluice::journal::postgres
