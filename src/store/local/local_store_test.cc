// SPDX-License-Identifier: MIT
#include "store/local/local_store.h"

#include <gtest/gtest.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "support/recording_disk.h"
#include "support/run.h"
#include "support/scripted_source.h"
#include "support/temporary_directory.h"

namespace sluice::store::local {
namespace {

using Calls = std::vector<std::string>;
using testing::RecordingDisk;

std::uint64_t observations(const Histogram& histogram) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i <= Histogram::upper_bounds_seconds.size(); ++i) {
    sum += histogram.bucket(i);
  }
  return sum;
}

class LocalStoreTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t id = 0x1ab;  // 427, in shard ab.

  std::unique_ptr<Blob> open(std::uint64_t file_size, std::uint64_t stored_end = 0) {
    return store.open({id, file_size, stored_end});
  }
  // As a file of one name.
  static Result<bool> move(LocalStore& store, std::uint64_t size, const std::string& name) {
    return sluice::testing::run(store.finish(id, {{{0, size}, name}}));
  }
  static Result<> write(Blob& blob, std::uint64_t offset, std::string text) {
    const ByteRange range{offset, offset + text.size()};
    sluice::testing::ScriptedSource source(std::move(text));
    const Received received = sluice::testing::run(blob.receive(range, source, AtEnd::goes_on));
    EXPECT_TRUE(!received.outcome || received.bytes == range.size());
    return received.outcome;
  }
  std::string root() const { return directory.path() + "/uploads"; }
  std::string videos() const { return directory.path() + "/videos"; }
  std::string contents(const std::string& path) const {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  sluice::testing::TemporaryDataDirectory directory;
  RecordingDisk disk{directory.path() + "/uploads"};
  runtime::BlockingPool pool{0};
  Metrics metrics;
  runtime::BufferPool buffers{limits::buffer_budget_bytes_min, metrics.buffers_in_use};
  LocalStore store{disk, pool, buffers, directory.path(), Durability::commit, metrics};
};

TEST_F(LocalStoreTest, KnowsWhereABlobEnds) {
  EXPECT_EQ(store.blob_size(id), 0U) << "there is none";
  ASSERT_TRUE(write(*open(5'000'000), 0, "bytes"));
  EXPECT_EQ(store.blob_size(id), 5U) << "its room does not count";
}

TEST_F(LocalStoreTest, MakesTheBlobWithRoomWhenBytesCome) {
  const auto blob = open(5'000'000);
  EXPECT_EQ(disk.take_calls(), Calls{});
  ASSERT_TRUE(write(*blob, 0, "bytes"));
  EXPECT_EQ(disk.take_calls(), (Calls{"mkdir ab", "syncdir " + root(), "open ab/427.part",
                                      "create ab/427.part", "preallocate ab/427.part 5000000"}));
}

TEST_F(LocalStoreTest, KeepsBytesAcrossReopening) {
  {
    const auto blob = open(100);
    EXPECT_TRUE(write(*blob, 0, "hello "));
    EXPECT_TRUE(write(*blob, 6, "world"));
    EXPECT_TRUE(sluice::testing::run(blob->settle({}, {})));
  }
  const auto blob = open(100, 11);
  EXPECT_EQ(sluice::testing::run(blob->count_equal(3, as_bytes("lo world"))), 8U);
  EXPECT_EQ(contents(store.blob_path(id)), "hello world");
}

TEST_F(LocalStoreTest, SyncsTheNameWithTheFirstSyncOfEveryOpening) {
  for (int opening = 0; opening < 2; ++opening) {
    const auto blob = open(100);
    EXPECT_TRUE(write(*blob, 0, "hello"));
    disk.take_calls();
    EXPECT_TRUE(sluice::testing::run(blob->settle({}, {})));
    EXPECT_EQ(disk.take_calls(), (Calls{"sync ab/427.part", "syncdir ab"}));
    EXPECT_TRUE(sluice::testing::run(blob->settle({}, {})));
    EXPECT_EQ(disk.take_calls(), Calls{}) << "nothing was written since";
    EXPECT_TRUE(write(*blob, 5, "world"));
    EXPECT_TRUE(sluice::testing::run(blob->settle({}, {})));
    EXPECT_EQ(disk.take_calls(), Calls{"sync ab/427.part"});
  }
  EXPECT_EQ(observations(metrics.sync_seconds), 4U);
}

TEST_F(LocalStoreTest, MakesShardNamesDurableAgainAfterARestart) {
  EXPECT_TRUE(write(*open(100), 0, "a"));
  LocalStore restarted(disk, pool, buffers, directory.path(), Durability::commit, metrics);
  disk.take_calls();
  EXPECT_TRUE(write(*restarted.open({id, 100}), 1, "b"));
  EXPECT_EQ(disk.take_calls(), (Calls{"mkdir ab", "syncdir " + root(), "open ab/427.part"}));
  EXPECT_TRUE(write(*restarted.open({id, 100}), 2, "c"));
  EXPECT_EQ(disk.take_calls(), (Calls{"open ab/427.part"}));
}

// The kernel reports a failed write to those that have the file open.
TEST_F(LocalStoreTest, ABlobIsOpenedOnceForAllThatHaveItOpen) {
  const auto one = open(100);
  EXPECT_TRUE(write(*one, 0, "a"));
  disk.take_calls();
  EXPECT_TRUE(write(*open(100), 1, "b"));
  EXPECT_EQ(disk.take_calls(), Calls{});
}

TEST_F(LocalStoreTest, StartsWritebackOfWhatHasGathered) {
  const auto blob = open(limits::writeback_bytes * 4);
  // Pieces as long as a buffer, so that none comes in two.
  const auto write_half = [&](std::uint64_t begin) {
    const std::string text(limits::buffer_bytes, 'x');
    for (std::uint64_t at = 0; at < limits::writeback_bytes / 2; at += text.size()) {
      EXPECT_TRUE(write(*blob, begin + at, text));
    }
  };
  write_half(0);
  disk.take_calls();
  write_half(limits::writeback_bytes / 2);
  EXPECT_EQ(disk.take_calls(), Calls{"writeback 0-8388608"});
  // Two places of one file at a time.
  write_half(8'388'608);
  write_half(20'000'000);
  EXPECT_EQ(disk.take_calls(),
            (Calls{"writeback 8388608-12582912", "writeback 20000000-24194304"}));
}

TEST_F(LocalStoreTest, WithoutDurabilitySyncsNothing) {
  LocalStore careless(disk, pool, buffers, directory.path(), Durability::none, metrics);
  const auto blob = careless.open({id, 5});
  EXPECT_TRUE(write(*blob, 0, "hello"));
  disk.take_calls();
  EXPECT_TRUE(sluice::testing::run(blob->settle({}, {})));
  EXPECT_TRUE(move(careless, 5, "videos/video"));
  EXPECT_TRUE(sluice::testing::run(careless.remove(id)));
  EXPECT_EQ(disk.take_calls(),
            (Calls{"open ab/427.part", "rename ab/427.part " + videos() + "/video",
                   "remove ab/427.part"}));
  EXPECT_EQ(observations(metrics.sync_seconds), 0U);
}

TEST_F(LocalStoreTest, AFailedSyncIsNeverHealedByAnother) {
  auto blob = open(100);
  const auto other = store.open({id + 256, 100});
  EXPECT_TRUE(write(*blob, 0, "hello"));
  disk.fail_on("sync ab/427.part", Errc::disk_full);
  EXPECT_EQ(sluice::testing::run(blob->settle({}, {})).error().code(), Errc::storage_failed)
      << "what was written is unknown, whatever the disk says";
  disk.fail_on("");
  EXPECT_EQ(sluice::testing::run(blob->settle({}, {})).error().code(), Errc::storage_failed);
  blob.reset();
  disk.take_calls();
  blob = open(100);
  EXPECT_EQ(sluice::testing::run(blob->settle({}, {})).error().code(), Errc::storage_failed);
  EXPECT_EQ(disk.take_calls(), (Calls{"open ab/427.part"}));
  EXPECT_TRUE(sluice::testing::run(other->settle({}, {})));

  LocalStore restarted(disk, pool, buffers, directory.path(), Durability::commit, metrics);
  EXPECT_TRUE(sluice::testing::run(restarted.open({id, 100})->settle({}, {})));
}

TEST_F(LocalStoreTest, AFailedSyncOfTheNameCountsAsWell) {
  const auto blob = open(100);
  EXPECT_TRUE(write(*blob, 0, "hello"));
  disk.fail_on("syncdir ab");
  EXPECT_FALSE(sluice::testing::run(blob->settle({}, {})));
  disk.fail_on("");
  EXPECT_FALSE(sluice::testing::run(blob->settle({}, {})));
}

TEST_F(LocalStoreTest, ABlobThatDoesNotFitLeavesNothing) {
  disk.fail_on("preallocate ab/427.part 100", Errc::disk_full);
  EXPECT_EQ(write(*open(100), 0, "hello").error().code(), Errc::disk_full);
  EXPECT_FALSE(std::filesystem::exists(store.blob_path(id)));
}

TEST_F(LocalStoreTest, RefusesABlobThatIsShorterThanTheJournalSays) {
  EXPECT_EQ(write(*open(100, 1), 1, "x").error().code(), Errc::storage_failed);
  EXPECT_FALSE(std::filesystem::exists(store.blob_path(id)));
  EXPECT_TRUE(write(*open(100), 0, "hello"));
  EXPECT_TRUE(sluice::testing::run(open(100, 5)->settle({}, {})));
  const auto torn = sluice::testing::run(open(100, 6)->settle({}, {}));
  EXPECT_EQ(torn.error().code(), Errc::storage_failed);
  EXPECT_EQ(torn.error().message(),
            "the blob of upload 427 ends at byte 5, the journal has bytes up to 6");
}

TEST_F(LocalStoreTest, GivesTheRoomBehindTheLastByteBack) {
  EXPECT_TRUE(write(*open(5'000'000), 0, "hello"));
  disk.take_calls();
  EXPECT_TRUE(sluice::testing::run(store.release_room(id, 5)));
  EXPECT_EQ(disk.take_calls(),
            (Calls{"open ab/427.part", "shorten ab/427.part 5", "sync ab/427.part"}));
}

TEST_F(LocalStoreTest, RemovesDurablyAndTwice) {
  EXPECT_TRUE(write(*open(100), 0, "hello"));
  disk.take_calls();
  EXPECT_TRUE(sluice::testing::run(store.remove(id)));
  EXPECT_EQ(disk.take_calls(), (Calls{"remove ab/427.part", "syncdir ab"}));
  EXPECT_FALSE(std::filesystem::exists(store.blob_path(id)));
  EXPECT_TRUE(sluice::testing::run(store.remove(id)));
  EXPECT_TRUE(sluice::testing::run(store.remove(id + 1))) << "its shard was never made";
}

TEST_F(LocalStoreTest, MovesDurablyAndTwice) {
  const std::string target = videos() + "/video.mp4";
  EXPECT_TRUE(write(*open(5), 0, "hello"));
  disk.take_calls();
  EXPECT_TRUE(move(store, 5, "videos/video.mp4"));
  EXPECT_EQ(disk.take_calls(), (Calls{"open ab/427.part", "rename ab/427.part " + target,
                                      "syncdir " + videos(), "syncdir ab"}));
  EXPECT_EQ(contents(target), "hello");
  EXPECT_FALSE(std::filesystem::exists(store.blob_path(id)));
  // The process died after the rename and before the commit.
  EXPECT_TRUE(move(store, 5, "videos/video.mp4"));
  EXPECT_EQ(contents(target), "hello");
}

TEST_F(LocalStoreTest, ARepeatedMoveSyncsTheNamesOfTheFirst) {
  EXPECT_TRUE(write(*open(5), 0, "hello"));
  disk.fail_on("syncdir " + videos());
  EXPECT_FALSE(move(store, 5, "videos/video"));
  disk.fail_on("");
  disk.take_calls();
  EXPECT_TRUE(move(store, 5, "videos/video"));
  EXPECT_EQ(disk.take_calls(), (Calls{"open ab/427.part", "open " + videos() + "/video",
                                      "syncdir " + videos(), "syncdir ab"}));
  EXPECT_EQ(contents(videos() + "/video"), "hello");
}

TEST_F(LocalStoreTest, MovesAnUploadOfNoBytesThatNeverHadABlob) {
  EXPECT_TRUE(move(store, 0, "videos/empty"));
  EXPECT_EQ(std::filesystem::file_size(videos() + "/empty"), 0U);
}

TEST_F(LocalStoreTest, NeverHandsOverAFileThatLostBytes) {
  EXPECT_TRUE(write(*open(5), 0, "hello"));
  for (const std::uint64_t file_size : {4U, 6U}) {
    const auto moved = move(store, file_size, "videos/video");
    ASSERT_FALSE(moved);
    EXPECT_EQ(moved.error().code(), Errc::storage_failed);
  }
  EXPECT_EQ(contents(store.blob_path(id)), "hello");
  std::filesystem::remove(store.blob_path(id));
  const auto gone = move(store, 5, "videos/video");
  EXPECT_EQ(gone.error().code(), Errc::storage_failed);
  EXPECT_FALSE(std::filesystem::exists(videos() + "/video"));
}

TEST_F(LocalStoreTest, FinishesSeveralFilesThatLieInOneBlob) {
  const std::vector<NamedRange> files{
      {{0, 4}, "videos/v.mp4"}, {{4, 14}, "videos/v-1.srt"}, {{14, 14}, "videos/v-2"}};
  EXPECT_TRUE(write(*open(14), 0, "mainsubtitles!"));
  EXPECT_EQ(sluice::testing::run(store.finish(id, files)), true);
  // The process died before it heard of its success; or of the move alone.
  EXPECT_EQ(sluice::testing::run(store.finish(id, files)), false);
  EXPECT_EQ(contents(videos() + "/v.mp4"), "main");
  EXPECT_EQ(contents(videos() + "/v-1.srt"), "subtitles!");
  EXPECT_EQ(contents(videos() + "/v-2"), "");
  EXPECT_FALSE(std::filesystem::exists(store.blob_path(id)));
}

TEST_F(LocalStoreTest, FinishesAfterAFailureOfAnyStep) {
  const std::vector<NamedRange> files{{{0, 4}, "videos/v"}, {{4, 7}, "videos/v-1"}};
  EXPECT_TRUE(write(*open(7), 0, "mainsub"));
  disk.take_calls();
  EXPECT_TRUE(sluice::testing::run(store.finish(id, files)));
  const Calls calls = disk.take_calls();
  EXPECT_GT(calls.size(), 10U);
  for (const std::string& call : calls) {
    std::filesystem::remove(videos() + "/v");
    std::filesystem::remove(videos() + "/v-1");
    std::ofstream(store.blob_path(id), std::ios::binary) << "mainsub";
    disk.fail_on(call);
    EXPECT_FALSE(sluice::testing::run(store.finish(id, files))) << call;
    disk.fail_on("");
    EXPECT_TRUE(sluice::testing::run(store.finish(id, files))) << call;
    EXPECT_EQ(contents(videos() + "/v"), "main") << call;
    EXPECT_EQ(contents(videos() + "/v-1"), "sub") << call;
  }
}

TEST_F(LocalStoreTest, CallsAMissingDirectoryItsOwnFault) {
  EXPECT_TRUE(write(*open(5), 0, "hello"));
  const auto moved = move(store, 5, "none/video");
  EXPECT_EQ(moved.error().code(), Errc::storage_failed);
  EXPECT_EQ(contents(store.blob_path(id)), "hello");
  LocalStore nowhere(disk, pool, buffers, directory.path() + "/none", Durability::commit, metrics);
  EXPECT_EQ(write(*nowhere.open({id, 5}), 0, "hello").error().code(), Errc::storage_failed);
  EXPECT_EQ(sluice::testing::run(nowhere.space()).error().code(), Errc::storage_failed);
}

}  // namespace
}  // namespace sluice::store::local
