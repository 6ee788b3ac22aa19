// SPDX-License-Identifier: MIT
// The journal with Durability::interval: which changes are synced, which are not, and a sync that
// fails.
#include <gtest/gtest.h>

#include <map>
#include "base/limits.h"
#include "journal/sqlite_journal.h"
#include "support/faulty_files.h"
#include "support/run.h"
#include "support/temporary_directory.h"
#include "support/test_records.h"

namespace sluice::journal {
namespace {

using testing::FaultyFiles;
using testing::sample_upload;

class IntervalJournal : public ::testing::Test {
 protected:
  void open(Durability durability = Durability::interval, const std::string& boot_id = "boot") {
    journal.reset();
    auto opened = SqliteJournal::open(path, durability, metrics, log, boot_id, blob_size);
    ASSERT_TRUE(opened) << opened.error().message();
    journal = *std::move(opened);
  }
  Result<> commit(std::vector<Change> changes) {
    return sluice::testing::run(journal->commit(std::move(changes)));
  }
  // The number of syncs of the journal's files during the commit.
  int syncs(std::vector<Change> changes) {
    const int before = FaultyFiles::syncs;
    EXPECT_TRUE(commit(std::move(changes)));
    return FaultyFiles::syncs - before;
  }
  // Each change is based on the one before.
  UpdateUpload bytes(std::uint64_t id, bool may_be_lost) {
    UpdateUpload update{id, sample_upload(id).progress, may_be_lost};
    update.progress.version = versions[id]++;
    update.progress.stored.add({0, 100});
    update.progress.unsynced.add({50, 100});
    return update;
  }
  std::string ranges(std::uint64_t id) {
    const auto found = sluice::testing::run(journal->find_upload_by_id(id));
    const model::UploadProgress& progress = (*found)->progress;
    return progress.stored.to_text() + " but " + progress.unsynced.to_text();
  }

  FaultyFiles files;
  sluice::testing::TemporaryDirectory directory;
  const std::string path = directory.path() + "/journal";
  Metrics metrics;
  NullLog log;
  BlobSize blob_size;
  std::map<std::uint64_t, std::uint64_t> versions;
  std::unique_ptr<SqliteJournal> journal;
};

TEST_F(IntervalJournal, SyncsAllButWhatMayBeLost) {
  open();
  EXPECT_GE(syncs({CreateUpload{sample_upload(1)}}), 1) << "a session";
  EXPECT_GE(syncs({CreateUpload{sample_upload(2)}}), 1);
  EXPECT_EQ(syncs({bytes(1, true)}), 0);
  EXPECT_EQ(syncs({bytes(2, true), bytes(1, true)}), 0);
  EXPECT_EQ(syncs({bytes(2, false), bytes(1, true)}), 1);
  EXPECT_EQ(syncs({bytes(1, true)}), 0);
  EXPECT_EQ(syncs({SyncJournal{}}), 1) << "there is nothing else in its transaction";
  EXPECT_EQ(syncs({RemoveUpload{2}}), 1);
}

TEST_F(IntervalJournal, OtherDurabilitiesStayAsTheyAre) {
  open(Durability::commit);
  EXPECT_GE(syncs({CreateUpload{sample_upload(1)}}), 1);
  EXPECT_EQ(syncs({bytes(1, true)}), 1);
  EXPECT_EQ(syncs({SyncJournal{}}), 0);
  open(Durability::none);
  EXPECT_EQ(syncs({bytes(1, false)}), 0);
  EXPECT_EQ(syncs({SyncJournal{}}), 0);
}

// A record of a killed process with version 13: the end of `unsynced` stands for the end of the
// blob.
TEST_F(IntervalJournal, NamesTheBytesThatOnlyTheBlobsOfAnOlderVersionTell) {
  open(Durability::interval, "first");
  for (const std::uint64_t id : {1U, 2U, 3U, 4U}) {
    ASSERT_TRUE(commit({CreateUpload{sample_upload(id)}}));
    UpdateUpload update = bytes(id, true);
    if (id < 4) {
      update.progress.unsynced.add({100, limits::file_size_max});
    }
    ASSERT_TRUE(commit({update}));
  }
  const std::uint64_t file_size = sample_upload(3).file_size_max;
  blob_size = [file_size](std::uint64_t id) -> Result<std::uint64_t> {
    return id == 2 ? Result<std::uint64_t>(0) : id == 3 ? file_size + 7 : 150;
  };
  open(Durability::interval, "first");
  EXPECT_EQ(ranges(1), "0-150 but 50-150");
  EXPECT_EQ(ranges(2), "0-100 but 50-100") << "its blob is gone, which its next request says";
  EXPECT_EQ(ranges(3), "0-" + std::to_string(file_size) + " but 50-" + std::to_string(file_size));
  EXPECT_EQ(ranges(4), "0-100 but 50-100");
  open(Durability::interval, "second");
  EXPECT_EQ(ranges(1), "0-50 but ");
}

TEST_F(IntervalJournal, ABlobThatCannotBeLookedAtHoldsUpNoOther) {
  open(Durability::interval, "first");
  for (const std::uint64_t id : {1U, 2U}) {
    ASSERT_TRUE(commit({CreateUpload{sample_upload(id)}}));
    UpdateUpload update = bytes(id, true);
    update.progress.unsynced.add({100, limits::file_size_max});
    ASSERT_TRUE(commit({update}));
  }
  bool fails = true;
  blob_size = [&fails](std::uint64_t id) -> Result<std::uint64_t> {
    return id == 1 && fails ? fail(Errc::storage_failed, "on purpose") : Result<std::uint64_t>(120);
  };
  open(Durability::interval, "first");
  EXPECT_EQ(sluice::testing::run(journal->find_upload_by_id(1)).error().code(),
            Errc::record_damaged);
  EXPECT_EQ(ranges(2), "0-120 but 50-120");
  fails = false;
  open(Durability::interval, "first");
  EXPECT_EQ(ranges(1), "0-120 but 50-120");
}

TEST_F(IntervalJournal, KnowsWhatIsUnsyncedUntilTheMachineIsStartedAgain) {
  for (const Durability durability : {Durability::interval, Durability::commit, Durability::none}) {
    open(Durability::interval, "first");
    const std::uint64_t id = *sluice::testing::run(journal->next_upload_id());
    ASSERT_TRUE(commit({CreateUpload{sample_upload(id)}}));
    ASSERT_TRUE(commit({bytes(id, true)}));
    open(durability, "first");
    EXPECT_EQ(ranges(id), "0-100 but 50-100");
    const auto unsynced = sluice::testing::run(journal->unsynced(0, 10));
    ASSERT_TRUE(unsynced);
    ASSERT_EQ(unsynced->size(), 1U);
    EXPECT_EQ(unsynced->front().id, id);
    EXPECT_TRUE(sluice::testing::run(journal->unsynced(id, 10))->empty());
    open(durability, "second");
    EXPECT_EQ(ranges(id), "0-50 but ");
    EXPECT_TRUE(sluice::testing::run(journal->unsynced(0, 10))->empty());
    open(Durability::commit, "third");
  }
}

TEST_F(IntervalJournal, HasToKnowWhenTheMachineWasStarted) {
  const auto opened = SqliteJournal::open(path, Durability::interval, metrics, log, "");
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message().find("interval"), std::string::npos);
  open(Durability::commit, "");
}

TEST_F(IntervalJournal, TakesNothingMoreAfterAFailedSync) {
  open();
  ASSERT_TRUE(commit({CreateUpload{sample_upload(1)}}));
  ASSERT_TRUE(commit({bytes(1, true)}));
  FaultyFiles::sync_fails = true;
  ASSERT_TRUE(commit({bytes(1, true)})) << "nothing is synced";
  const Result<> failed = commit({SyncJournal{}});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Errc::storage_failed);
  FaultyFiles::sync_fails = false;
  EXPECT_FALSE(journal->healthy());
  EXPECT_FALSE(commit({bytes(1, true)}));
}

// The loss of unsynced commits would go unreported if the next sync succeeded.
TEST_F(IntervalJournal, HearsOfAFailedSyncBetweenCommits) {
  open();
  ASSERT_TRUE(commit({CreateUpload{sample_upload(1)}}));
  FaultyFiles::sync_fails = true;
  UpdateUpload update = bytes(1, true);
  Result<> committed;
  for (char byte = 'a'; byte < 'z' && committed; ++byte) {
    update.progress.failure.assign(1'000'000, byte);
    committed = commit({update});
    ++update.progress.version;
  }
  ASSERT_FALSE(committed) << "the log was never brought into the database";
  FaultyFiles::sync_fails = false;
  EXPECT_FALSE(journal->healthy());
}

TEST_F(IntervalJournal, HearsOfAFailedSyncWhenItMakesRoom) {
  open();
  ASSERT_TRUE(commit({CreateUpload{sample_upload(1)}}));
  ASSERT_TRUE(commit({bytes(1, true)}));
  FaultyFiles::sync_fails = true;
  FaultyFiles::log_bytes_max = 0;
  const Result<> failed = commit({bytes(1, true)});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Errc::storage_failed) << "no disk that is merely full";
  FaultyFiles::sync_fails = false;
  FaultyFiles::log_bytes_max = FaultyFiles::unlimited;
  EXPECT_FALSE(journal->healthy());
}

TEST_F(IntervalJournal, AFullDiskAloneDoesNotStopIt) {
  open();
  ASSERT_TRUE(commit({CreateUpload{sample_upload(1)}}));
  FaultyFiles::log_bytes_max = 0;
  FaultyFiles::database_bytes_max = 0;
  const Result<> refused = commit({bytes(1, true)});
  FaultyFiles::log_bytes_max = FaultyFiles::unlimited;
  FaultyFiles::database_bytes_max = FaultyFiles::unlimited;
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::disk_full);
  EXPECT_TRUE(journal->healthy());
  versions[1] = 0;
  EXPECT_TRUE(commit({bytes(1, true)}));
}

}  // namespace
}  // namespace sluice::journal
