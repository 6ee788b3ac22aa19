// SPDX-License-Identifier: MIT
#include "upload/deferred_syncs.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "support/engine_fixture.h"

namespace sluice::upload {
namespace {

using model::UploadState;

class DeferredSyncsTest : public testing::EngineFixture {
 protected:
  DeferredSyncsTest() {
    settings.defers_syncs = true;
    restart();
  }

  Result<bool> round() { return run(engine->deferred_syncs().round()); }
  std::string stored(std::uint64_t id) {
    const model::UploadProgress& progress = journal.uploads.at(id).progress;
    return progress.stored.to_text() + " but " + progress.unsynced.to_text();
  }
  const std::string& durable(std::uint64_t id) { return store.blobs.at(id).durable; }
  // As the journal does when it is opened in another run of the machine.
  void lose_power() {
    engine.reset();
    store.cut_power();
    for (auto& [id, record] : journal.uploads) {
      for (const ByteRange& range : record.progress.unsynced.ranges()) {
        record.progress.stored.remove(range);
      }
      record.progress.unsynced = {};
    }
    restart();
  }
};

TEST_F(DeferredSyncsTest, BytesAreAcknowledgedBeforeTheyAreSynced) {
  const std::string token = create(9);
  EXPECT_EQ(append(token, "abcde", {0, 5, 9})->acknowledged, 5U);
  EXPECT_EQ(stored(1), "0-5 but 0-5");
  EXPECT_EQ(durable(1), "");
  EXPECT_EQ(status(token)->acknowledged, 5U);
}

TEST_F(DeferredSyncsTest, ARoundMakesThemDurable) {
  const std::string token = create(9);
  ASSERT_TRUE(append(token, "abcde", {0, 5, 9}));
  EXPECT_EQ(metrics.unsynced_uploads.value(), 1);
  EXPECT_EQ(round(), false) << "nothing more to do";
  EXPECT_EQ(metrics.unsynced_uploads.value(), 0);
  EXPECT_EQ(stored(1), "0-5 but ");
  EXPECT_EQ(durable(1), "abcde");
  ASSERT_TRUE(append(token, "fg", {5, 7, 9}));
  EXPECT_EQ(stored(1), "0-7 but 5-7");
  EXPECT_EQ(round(), false);
  EXPECT_EQ(stored(1), "0-7 but ");
  const std::size_t commits = journal.commits;
  EXPECT_EQ(round(), false);
  EXPECT_EQ(journal.commits, commits) << "a round without bytes costs nothing";
}

TEST_F(DeferredSyncsTest, ARoundSyncsTheJournalUntilThatSucceeds) {
  const std::string token = create(9);
  ASSERT_TRUE(append(token, "abcde", {0, 5, 9}));
  journal.refuses_to_sync = true;
  EXPECT_FALSE(round());
  EXPECT_EQ(stored(1), "0-5 but ");
  EXPECT_FALSE(round()) << "a power cut could still take the last commit";
  EXPECT_EQ(metrics.unsynced_uploads.value(), 1);
  journal.refuses_to_sync = false;
  EXPECT_EQ(round(), false);
  EXPECT_EQ(metrics.unsynced_uploads.value(), 0);
}

TEST_F(DeferredSyncsTest, TheEndOfTheProcessLosesNothing) {
  const std::string token = create(9);
  ASSERT_TRUE(append(token, "abcde", {0, 5, 9}));
  restart();
  EXPECT_EQ(status(token)->acknowledged, 5U);
  EXPECT_EQ(round(), false) << "also what the process before has left";
  EXPECT_EQ(stored(1), "0-5 but ");
  EXPECT_EQ(durable(1), "abcde");
}

TEST_F(DeferredSyncsTest, APowerCutLosesTheLatestBytesAndCallsNoOthersStored) {
  const std::string token = create(9);
  ASSERT_TRUE(append(token, "abcde", {0, 5, 9}));
  ASSERT_TRUE(round());
  ASSERT_TRUE(append(token, "fg", {5, 7, 9}));
  lose_power();
  EXPECT_EQ(status(token)->acknowledged, 5U);
  EXPECT_EQ(blob(1), "abcde");
  const auto last = append(token, "fghi", {5, 9, 9});
  ASSERT_TRUE(last && last->answer);
  EXPECT_EQ(delivered_bytes, "abcdefghi");
}

TEST_F(DeferredSyncsTest, AFileIsSyncedBeforeItIsHandedOver) {
  const std::string token = create(9);
  ASSERT_TRUE(append(token, "abcde", {0, 5, 9}));
  answers_at_once = false;
  EXPECT_FALSE(append(token, "fghi", {5, 9, 9}));
  EXPECT_EQ(journal.uploads.at(1).progress.state, UploadState::received);
  EXPECT_EQ(stored(1), "0-9 but ");
  EXPECT_EQ(durable(1), "abcdefghi");
  EXPECT_EQ(deliveries, 1);
  lose_power();
  EXPECT_EQ(stored(1), "0-9 but ");
}

TEST_F(DeferredSyncsTest, WhatIsCompleteButNotFinishedIsFinishedByItsLastByte) {
  const std::string token = create(9);
  ASSERT_TRUE(append(token, "abcdefgh", {0, 8, 9}));
  journal.uploads.at(1).progress.stored.add({8, 9});
  journal.uploads.at(1).progress.unsynced.add({8, 9});
  store.blobs.at(1).bytes = "abcdefghi";
  restart();
  EXPECT_EQ(status(token)->acknowledged, 8U);
  ASSERT_TRUE(append(token, "i", {8, 9, 9}));
  EXPECT_EQ(delivered_bytes, "abcdefghi");
}

TEST_F(DeferredSyncsTest, AFailedSyncTakesBackWhatIsNotDurable) {
  const std::string token = create(9);
  ASSERT_TRUE(append(token, "abc", {0, 3, 9}));
  ASSERT_TRUE(round());
  ASSERT_TRUE(append(token, "de", {3, 5, 9}));
  store.failing_syncs = true;
  EXPECT_FALSE(round());
  store.failing_syncs = false;
  EXPECT_EQ(stored(1), "0-3 but ");
  EXPECT_EQ(status(token)->acknowledged, 3U);
  EXPECT_EQ(append(token, "de", {3, 5, 9}).error().code(), Errc::storage_failed);
  EXPECT_EQ(round(), false) << "there is nothing that could be synced";
  restart();
  EXPECT_EQ(append(token, "de", {3, 5, 9})->acknowledged, 5U);
}

TEST_F(DeferredSyncsTest, NobodyHearsOfLostBytesThatABrokenJournalStillNames) {
  const std::string token = create(9);
  ASSERT_TRUE(append(token, "abc", {0, 3, 9}));
  store.failing_syncs = true;
  journal.failing = true;
  EXPECT_FALSE(round());
  EXPECT_EQ(stored(1), "0-3 but 0-3");
  EXPECT_EQ(status(token)->acknowledged, 0U);
  EXPECT_TRUE(status(token)->stored.empty());
}

TEST_F(DeferredSyncsTest, AFailedSyncOfTheLastPieceLosesNothingThatWasDurable) {
  const std::string token = create(9);
  ASSERT_TRUE(append(token, "abc", {0, 3, 9}));
  ASSERT_TRUE(round());
  ASSERT_TRUE(append(token, "de", {3, 5, 9}));
  store.failing_syncs = true;
  EXPECT_EQ(append(token, "fghi", {5, 9, 9}).error().code(), Errc::storage_failed);
  EXPECT_EQ(stored(1), "0-3 but ");
  EXPECT_EQ(status(token)->acknowledged, 3U);
  EXPECT_EQ(deliveries, 0);
}

TEST_F(DeferredSyncsTest, WhatEndsNeedsNoSync) {
  const std::string token = create(9);
  ASSERT_TRUE(append(token, "abc", {0, 3, 9}));
  EXPECT_TRUE(run(engine->abort(token)));
  EXPECT_EQ(stored(1), " but ") << "an upload that was aborted keeps no details";
  store.failing_syncs = true;
  EXPECT_EQ(round(), false);
}

TEST_F(DeferredSyncsTest, BeyondTheBoundBytesAreSyncedBeforeTheyAreAcknowledged) {
  for (std::size_t i = 0; i < limits::unsynced_uploads_max; ++i) {
    ASSERT_TRUE(append(create(9), "a", {0, 1, 9}));
  }
  const std::uint64_t next = limits::unsynced_uploads_max + 1;
  ASSERT_TRUE(append(create(9), "a", {0, 1, 9}));
  EXPECT_EQ(stored(next), "0-1 but ");
  EXPECT_EQ(durable(next), "a");
  ASSERT_TRUE(round());
  ASSERT_TRUE(append(create(9), "a", {0, 1, 9}));
  EXPECT_EQ(stored(next + 1), "0-1 but 0-1");
}

TEST_F(DeferredSyncsTest, MoreThanTheBoundIsTakenOverInTurns) {
  const std::size_t count = limits::unsynced_uploads_max + limits::unsynced_uploads_page_count + 1;
  for (std::size_t i = 0; i < count; ++i) {
    ASSERT_TRUE(append(create(9), "a", {0, 1, 9}));
    if (i == count / 2) {
      restart();
    }
  }
  restart();
  EXPECT_EQ(round(), true);
  EXPECT_EQ(round(), false);
  for (std::size_t id = 1; id <= count; ++id) {
    ASSERT_EQ(stored(id), "0-1 but ") << id;
  }
}

TEST_F(DeferredSyncsTest, ARoundSyncsWhatHasGathered) {
  const std::string token = create(9);
  ASSERT_TRUE(append(token, "ab", {0, 2, 9}));
  ASSERT_TRUE(append(token, "cd", {2, 4, 9}));
  EXPECT_EQ(stored(1), "0-4 but 0-4");
  EXPECT_EQ(round(), false);
  EXPECT_EQ(stored(1), "0-4 but ");
  ASSERT_TRUE(append(token, "ef", {4, 6, 9}));
  EXPECT_EQ(stored(1), "0-6 but 4-6");
}

TEST_F(DeferredSyncsTest, AnInheritedUploadThatCannotBeTakenKeepsNoOtherFromTheDisk) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(append(create(9), "abcd", {0, 4, 9}));
  }
  store.blobs.at(2).bytes = "a";
  restart();
  EXPECT_FALSE(round());
  EXPECT_EQ(stored(1), "0-4 but ");
  EXPECT_EQ(stored(3), "0-4 but ");
}

// Only the end of a body without a length shows whether it is the whole file.
TEST_F(DeferredSyncsTest, BytesOfAnotherFileAreNeverCounted) {
  const std::string token = create(9);
  ASSERT_TRUE(append(token, "abcd", {0, 4, 9}));
  testing::ScriptedSource other("abcdxyz", testing::ScriptedSource::Ending::end, false);
  const auto refused = run(engine->append(token, WholeFile(), other));
  EXPECT_EQ(refused.error().code(), Errc::bad_request);
  EXPECT_EQ(blob(1), "abcdxyz");
  EXPECT_EQ(stored(1), "0-4 but 0-4");
  restart();
  EXPECT_EQ(status(token)->acknowledged, 4U);
  EXPECT_EQ(append(token, "e", {4, 5, 9})->acknowledged, 5U);
}

TEST_F(DeferredSyncsTest, NothingIsAcknowledgedBesideAJournalThatHasFailed) {
  const std::string token = create(9);
  ASSERT_TRUE(append(token, "ab", {0, 2, 9}));
  journal.failing = true;
  EXPECT_FALSE(round());
  EXPECT_EQ(append(token, "ef", {2, 4, 9}).error().code(), Errc::storage_failed);
  EXPECT_EQ(status(token)->acknowledged, 2U);
}

// Otherwise the next process would take the bytes for stored.
TEST_F(DeferredSyncsTest, ALossThatTheJournalHadNoRoomForIsCommittedByALaterRound) {
  const std::string token = create(9);
  ASSERT_TRUE(append(token, "abc", {0, 3, 9}));
  store.failing_syncs = true;
  journal.failing = true;
  EXPECT_FALSE(round());
  EXPECT_FALSE(round()) << "the journal still names them";
  EXPECT_EQ(stored(1), "0-3 but 0-3");
  EXPECT_EQ(metrics.unsynced_uploads.value(), 1);
  journal.failing = false;
  EXPECT_EQ(round(), false);
  EXPECT_EQ(stored(1), " but ");
  EXPECT_EQ(metrics.unsynced_uploads.value(), 0);
}

TEST_F(DeferredSyncsTest, PartsAreCommitted) {
  model::Layout layout;
  layout.main_size = 9;
  layout.part_size = 3;
  upload::NewUpload request{9, "file.mp4", "video/mp4", "{}"};
  request.layout = layout;
  const std::string token = (*run(engine->create(std::move(request))))->token;
  const Piece part = Part{{0, 3}};
  ASSERT_TRUE(append(token, "abc", part));
  EXPECT_EQ(stored(1), "0-3 but 0-3");
}

TEST_F(DeferredSyncsTest, ASmallFileThatComesWholeIsCommittedOnce) {
  const std::string token = create(9);
  const std::size_t commits = journal.commits;
  answers_at_once = false;
  EXPECT_FALSE(append(token, "abcdefghi", {0, 9, 9}));
  EXPECT_EQ(journal.commits, commits + 1);
  EXPECT_EQ(stored(1), "0-9 but ");
  EXPECT_EQ(durable(1), "abcdefghi");
}

// A process with durability = commit syncs the bytes that another has left unsynced.
TEST_F(DeferredSyncsTest, AnotherDurabilityTakesOver) {
  const std::string token = create(9);
  ASSERT_TRUE(append(token, "ab", {0, 2, 9}));
  ASSERT_TRUE(append(token, "c", {2, 3, 9}));
  settings.defers_syncs = false;
  restart();
  ASSERT_TRUE(append(token, "de", {3, 5, 9}));
  EXPECT_EQ(stored(1), "0-5 but ");
  EXPECT_EQ(durable(1), "abcde");
  journal.cover(1, {0, 3});  // Deferred syncs are for stores without extents.
}

}  // namespace
}  // namespace sluice::upload
