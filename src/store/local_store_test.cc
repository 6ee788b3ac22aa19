// SPDX-License-Identifier: MIT
#include "store/local_store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <optional>
#include <span>
#include <sstream>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/log.h"
#include "support/recording_disk.h"
#include "support/run.h"
#include "support/temporary_directory.h"

namespace sluice::store {
namespace {

using Calls = std::vector<std::string>;
using testing::RecordingDisk;
constexpr std::uint64_t id = 0x1ab;  // 427, in shard ab.

std::uint64_t observations(const Histogram& histogram) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i <= Histogram::upper_bounds_seconds.size(); ++i) {
    sum += histogram.bucket(i);
  }
  return sum;
}

class LocalStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<Blob> open(std::uint64_t file_size, std::uint64_t stored_end = 0) {
    auto blob = sluice::testing::run(store.open(id, file_size, stored_end));
    EXPECT_TRUE(blob) << blob.error().message();
    return blob ? std::move(*blob) : nullptr;
  }
  Result<> write(Blob& blob, std::uint64_t offset, std::string_view text) {
    return sluice::testing::run(blob.write(offset, as_bytes(text)));
  }
  std::string root() const { return directory.path(); }
  std::string contents(const std::string& path) const {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  sluice::testing::TemporaryDirectory directory;
  RecordingDisk disk{directory.path()};
  runtime::BlockingPool pool{0};
  Metrics metrics;
  LocalStore store{disk, pool, directory.path(), Durability::commit, metrics};
};

TEST_F(LocalStoreTest, KnowsWhereABlobEnds) {
  EXPECT_EQ(sluice::testing::run(store.size(id)), 0U) << "there is none";
  const auto blob = open(5'000'000);
  EXPECT_EQ(sluice::testing::run(store.size(id)), 0U) << "its room does not count";
  ASSERT_TRUE(write(*blob, 0, "bytes"));
  EXPECT_EQ(sluice::testing::run(store.size(id)), 5U);
}

TEST_F(LocalStoreTest, MakesTheBlobWithRoomAndWithoutSize) {
  const auto blob = open(5'000'000);
  EXPECT_EQ(disk.take_calls(), (Calls{"mkdir ab", "syncdir " + root(), "open ab/427.part",
                                      "create ab/427.part", "preallocate ab/427.part 5000000"}));
  EXPECT_EQ(std::filesystem::file_size(store.blob_path(id)), 0U);
}

TEST_F(LocalStoreTest, KeepsBytesAcrossReopening) {
  {
    const auto blob = open(100);
    EXPECT_TRUE(write(*blob, 0, "hello "));
    EXPECT_TRUE(write(*blob, 6, "world"));
    EXPECT_TRUE(sluice::testing::run(blob->sync()));
  }
  const auto blob = open(100, 11);
  std::array<std::byte, 64> buffer{};
  EXPECT_EQ(sluice::testing::run(blob->read(3, buffer)), 8U);
  EXPECT_EQ(as_text(Bytes(buffer).first(8)), "lo world");
  EXPECT_EQ(sluice::testing::run(blob->read(11, buffer)), 0U);
}

TEST_F(LocalStoreTest, StreamsBufferAfterBufferToTheirPlaces) {
  const auto blob = open(100);
  std::array<std::byte, 4> buffer{};
  std::vector<std::string> rest{"efgh", "ij"};
  const auto refill = [&rest](MutableBytes free) -> std::size_t {
    if (rest.empty()) {
      return 0;
    }
    const std::string next = rest.front();
    rest.erase(rest.begin());
    std::ranges::copy(as_bytes(next), free.begin());
    return next.size();
  };
  std::ranges::copy(as_bytes("abcd"), buffer.begin());
  const Blob::Streamed streamed = sluice::testing::run(blob->stream({3, buffer, 4, refill}));
  EXPECT_TRUE(streamed.outcome);
  EXPECT_EQ(streamed.bytes, 10U);
  EXPECT_EQ(contents(store.blob_path(id)).substr(3), "abcdefghij");
}

TEST_F(LocalStoreTest, AStreamTellsHowFarItCameBeforeAnError) {
  const auto blob = open(100);
  std::array<std::byte, 4> buffer{};
  int refills = 0;
  const auto refill = [this, &refills](MutableBytes free) {
    disk.fail_on("write");
    ++refills;
    return free.size();
  };
  const Blob::Streamed streamed = sluice::testing::run(blob->stream({0, buffer, 4, refill}));
  EXPECT_FALSE(streamed.outcome);
  EXPECT_EQ(streamed.bytes, 4U);
  EXPECT_EQ(refills, 1);
}

// Moves `texts` one by one, then says that the rest has to be read, or that there is none.
Blob::Move moving(std::vector<std::string> texts, std::optional<std::size_t> then) {
  return [texts = std::move(texts), then,
          next = std::size_t{0}](runtime::Pipe& pipe) mutable -> std::optional<std::size_t> {
    if (next == texts.size()) {
      return then;
    }
    const std::string& text = texts[next++];
    EXPECT_EQ(::write(pipe.write_end(), text.data(), text.size()),
              static_cast<ssize_t>(text.size()));
    return text.size();
  };
}

TEST_F(LocalStoreTest, StreamsThroughAPipeToTheirPlaces) {
  const auto blob = open(100);
  std::array<std::byte, 4> buffer{};
  std::ranges::copy(as_bytes("abcd"), buffer.begin());
  const auto nothing = [](MutableBytes) -> std::size_t {
    ADD_FAILURE() << "it was moved";
    return 0;
  };
  disk.take_calls();
  for (const std::uint64_t offset : {3U, 40U}) {
    const Blob::Streamed streamed = sluice::testing::run(
        blob->stream({offset, buffer, 4, nothing, offset + 10, moving({"efgh", "ij"}, 0)}));
    EXPECT_TRUE(streamed.outcome);
    EXPECT_EQ(streamed.bytes, 10U);
    EXPECT_EQ(contents(store.blob_path(id)).substr(offset, 10), "abcdefghij");
  }
  EXPECT_EQ(disk.take_calls(), (Calls{"sync ab/427.part", "syncdir ab", "sync ab/427.part"}));
}

TEST_F(LocalStoreTest, ReadsWhatCannotBeMoved) {
  const auto blob = open(100);
  std::array<std::byte, 4> buffer{};
  std::ranges::copy(as_bytes("abcd"), buffer.begin());
  const auto refill = [count = 0](MutableBytes free) mutable -> std::size_t {
    std::ranges::copy(as_bytes(count == 0 ? "gh" : "ij"), free.begin());
    return count++ < 2 ? 2 : 0;
  };
  const Blob::Streamed streamed =
      sluice::testing::run(blob->stream({0, buffer, 4, refill, 0, moving({"ef"}, std::nullopt)}));
  EXPECT_TRUE(streamed.outcome);
  EXPECT_EQ(contents(store.blob_path(id)), "abcdefghij");
}

TEST_F(LocalStoreTest, WhatAFailedWriteLeavesInAPipeGetsIntoNoOtherBlob) {
  const auto blob = open(100);
  std::array<std::byte, 1> buffer{std::byte{'x'}};
  const auto nothing = [](MutableBytes) -> std::size_t { return 0; };
  const auto stream = [&](Blob::Move move) {
    return sluice::testing::run(blob->stream({0, buffer, 1, nothing, 0, std::move(move)}));
  };
  auto failing = [this, move = moving({"secret"}, 0)](runtime::Pipe& pipe) mutable {
    disk.fail_on("write");
    return move(pipe);
  };
  const Blob::Streamed failed = stream(failing);
  EXPECT_FALSE(failed.outcome);
  EXPECT_EQ(failed.bytes, 1U);
  disk.fail_on("");
  EXPECT_TRUE(stream(moving({"open"}, 0)).outcome);
  EXPECT_EQ(contents(store.blob_path(id)), "xopen");
}

TEST_F(LocalStoreTest, SyncsTheNameWithTheFirstSyncOfEveryOpening) {
  for (int opening = 0; opening < 2; ++opening) {
    const auto blob = open(100);
    EXPECT_TRUE(write(*blob, 0, "hello"));
    disk.take_calls();
    EXPECT_TRUE(sluice::testing::run(blob->sync()));
    EXPECT_EQ(disk.take_calls(), (Calls{"sync ab/427.part", "syncdir ab"}));
    EXPECT_TRUE(sluice::testing::run(blob->sync()));
    EXPECT_EQ(disk.take_calls(), Calls{}) << "nothing was written since";
    EXPECT_TRUE(write(*blob, 5, "world"));
    EXPECT_TRUE(sluice::testing::run(blob->sync()));
    EXPECT_EQ(disk.take_calls(), Calls{"sync ab/427.part"});
  }
  EXPECT_EQ(observations(metrics.sync_seconds), 4U);
}

TEST_F(LocalStoreTest, MakesShardNamesDurableAgainAfterARestart) {
  {
    const auto blob = open(100);
  }
  LocalStore restarted(disk, pool, root(), Durability::commit, metrics);
  disk.take_calls();
  EXPECT_TRUE(sluice::testing::run(restarted.open(id, 100, 0)));
  EXPECT_EQ(disk.take_calls(), (Calls{"mkdir ab", "syncdir " + root(), "open ab/427.part"}));
  EXPECT_TRUE(sluice::testing::run(restarted.open(id, 100, 0)));
  EXPECT_EQ(disk.take_calls(), (Calls{"open ab/427.part"}));
}

TEST_F(LocalStoreTest, OpensWritesAndSyncsAWholePieceInOneGo) {
  std::array<std::byte, 5> buffer{};
  std::ranges::copy(as_bytes("hello"), buffer.begin());
  const auto nothing = [](MutableBytes) -> std::size_t { return 0; };
  auto opened = sluice::testing::run(store.open_and_stream(id, 9, 0, {0, buffer, 5, nothing, 5}));
  ASSERT_TRUE(opened);
  EXPECT_TRUE(opened->streamed.outcome);
  EXPECT_EQ(opened->streamed.bytes, 5U);
  const Calls calls = disk.take_calls();
  ASSERT_GE(calls.size(), 2U);
  EXPECT_EQ(Calls(calls.end() - 2, calls.end()), (Calls{"sync ab/427.part", "syncdir ab"}));
  EXPECT_TRUE(sluice::testing::run(opened->blob->sync()));
  EXPECT_EQ(disk.take_calls(), Calls{});

  // It ends before the piece does: there is more to come.
  const auto more = sluice::testing::run(opened->blob->stream({5, buffer, 3, nothing, 9}));
  EXPECT_TRUE(more.outcome);
  EXPECT_TRUE(disk.take_calls().empty());
  const auto missing =
      sluice::testing::run(store.open_and_stream(id, 9, 9, {0, buffer, 5, nothing}));
  EXPECT_EQ(missing.error().code(), Errc::storage_failed);
}

TEST_F(LocalStoreTest, OnlyForWhatIsStillToComeIsRoomSetAside) {
  std::array<std::byte, 5> buffer{};
  const auto nothing = [](MutableBytes) -> std::size_t { return 0; };
  ASSERT_TRUE(sluice::testing::run(store.open_and_stream(id, 5, 0, {0, buffer, 5, nothing})));
  EXPECT_EQ(disk.take_calls().back(), "preallocate ab/427.part 0");
  ASSERT_TRUE(sluice::testing::run(store.open_and_stream(id + 1, 9, 0, {0, buffer, 5, nothing})));
  EXPECT_EQ(disk.take_calls().back(), "preallocate ac/428.part 9");
}

// One request's sync is for the bytes of all: each of them has a blob of its own.
TEST_F(LocalStoreTest, WhereSyncsAreDeferredAStreamSyncsNothingAndASyncEverything) {
  LocalStore deferring(disk, pool, root(), Durability::interval, metrics);
  std::array<std::byte, 5> buffer{};
  const auto nothing = [](MutableBytes) -> std::size_t { return 0; };
  auto one = sluice::testing::run(deferring.open_and_stream(id, 9, 0, {0, buffer, 5, nothing, 5}));
  ASSERT_TRUE(one);
  EXPECT_TRUE(sluice::testing::run(one->blob->sync()));
  disk.take_calls();
  auto other =
      sluice::testing::run(deferring.open_and_stream(id, 9, 0, {5, buffer, 4, nothing, 9}));
  ASSERT_TRUE(other);
  EXPECT_EQ(disk.take_calls(), Calls{"open ab/427.part"});
  EXPECT_TRUE(sluice::testing::run(one->blob->sync()));
  EXPECT_EQ(disk.take_calls(), Calls{"sync ab/427.part"});
}

TEST_F(LocalStoreTest, ASyncThatFailsWithTheStreamIsNeverHealed) {
  std::array<std::byte, 5> buffer{};
  const auto nothing = [](MutableBytes) -> std::size_t { return 0; };
  disk.fail_on("sync ab/427.part", Errc::disk_full);
  auto opened = sluice::testing::run(store.open_and_stream(id, 5, 0, {0, buffer, 5, nothing, 5}));
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->streamed.outcome.error().code(), Errc::disk_full);
  EXPECT_EQ(opened->streamed.bytes, 5U);
  disk.fail_on("");
  EXPECT_EQ(sluice::testing::run(opened->blob->sync()).error().code(), Errc::storage_failed);
}

TEST_F(LocalStoreTest, StartsWritebackOfWhatHasGathered) {
  const auto blob = open(limits::writeback_bytes * 4);
  const std::string half(limits::writeback_bytes / 2, 'x');
  disk.take_calls();
  EXPECT_TRUE(write(*blob, 0, half));
  EXPECT_EQ(disk.take_calls(), Calls{});
  EXPECT_TRUE(write(*blob, half.size(), half));
  EXPECT_EQ(disk.take_calls(), Calls{"writeback 0-8388608"});
  // Two places of one file at a time.
  EXPECT_TRUE(write(*blob, 8'388'608, half));
  EXPECT_TRUE(write(*blob, 20'000'000, half));
  EXPECT_EQ(disk.take_calls(),
            (Calls{"writeback 8388608-12582912", "writeback 20000000-24194304"}));
}

TEST_F(LocalStoreTest, WithoutDurabilitySyncsNothing) {
  LocalStore careless(disk, pool, root(), Durability::none, metrics);
  auto blob = sluice::testing::run(careless.open(id, 5, 0));
  ASSERT_TRUE(blob);
  EXPECT_TRUE(write(**blob, 0, "hello"));
  disk.take_calls();
  EXPECT_TRUE(sluice::testing::run((*blob)->sync()));
  EXPECT_TRUE(sluice::testing::run(careless.move_to(id, 5, root() + "/video")));
  EXPECT_TRUE(sluice::testing::run(careless.remove(id)));
  EXPECT_EQ(disk.take_calls(),
            (Calls{"open ab/427.part", "rename ab/427.part video", "remove ab/427.part"}));
  EXPECT_EQ(observations(metrics.sync_seconds), 0U);
}

TEST_F(LocalStoreTest, AFailedSyncIsNeverHealedByAnother) {
  const auto blob = open(100);
  const auto other = sluice::testing::run(store.open(id + 256, 100, 0));
  EXPECT_TRUE(write(*blob, 0, "hello"));
  disk.fail_on("sync ab/427.part", Errc::disk_full);
  EXPECT_EQ(sluice::testing::run(blob->sync()).error().code(), Errc::disk_full);
  disk.fail_on("");
  disk.take_calls();
  EXPECT_EQ(sluice::testing::run(blob->sync()).error().code(), Errc::storage_failed);
  const auto reopened = open(100);
  EXPECT_EQ(sluice::testing::run(reopened->sync()).error().code(), Errc::storage_failed);
  EXPECT_EQ(disk.take_calls(), (Calls{"open ab/427.part"}));
  EXPECT_TRUE(sluice::testing::run((*other)->sync()));

  LocalStore restarted(disk, pool, root(), Durability::commit, metrics);
  const auto fresh = sluice::testing::run(restarted.open(id, 100, 0));
  EXPECT_TRUE(sluice::testing::run((*fresh)->sync()));
}

TEST_F(LocalStoreTest, AFailedSyncOfTheNameCountsAsWell) {
  const auto blob = open(100);
  disk.fail_on("syncdir ab");
  EXPECT_FALSE(sluice::testing::run(blob->sync()));
  disk.fail_on("");
  EXPECT_FALSE(sluice::testing::run(blob->sync()));
}

TEST_F(LocalStoreTest, ABlobThatDoesNotFitLeavesNothing) {
  disk.fail_on("preallocate ab/427.part 100", Errc::disk_full);
  EXPECT_EQ(sluice::testing::run(store.open(id, 100, 0)).error().code(), Errc::disk_full);
  EXPECT_FALSE(std::filesystem::exists(store.blob_path(id)));
}

TEST_F(LocalStoreTest, RefusesABlobThatIsShorterThanTheJournalSays) {
  const auto missing = sluice::testing::run(store.open(id, 100, 1));
  EXPECT_EQ(missing.error().code(), Errc::storage_failed);
  EXPECT_FALSE(std::filesystem::exists(store.blob_path(id)));
  EXPECT_TRUE(write(*open(100), 0, "hello"));
  EXPECT_TRUE(sluice::testing::run(store.open(id, 100, 5)));
  const auto torn = sluice::testing::run(store.open(id, 100, 6));
  EXPECT_EQ(torn.error().code(), Errc::storage_failed);
  EXPECT_EQ(torn.error().message(),
            "the blob of upload 427 ends at byte 5, the journal has bytes up to 6");
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
  const std::string target = root() + "/video.mp4";
  EXPECT_TRUE(write(*open(5), 0, "hello"));
  disk.take_calls();
  EXPECT_TRUE(sluice::testing::run(store.move_to(id, 5, target)));
  EXPECT_EQ(disk.take_calls(), (Calls{"open ab/427.part", "rename ab/427.part video.mp4",
                                      "syncdir " + root(), "syncdir ab"}));
  EXPECT_EQ(contents(target), "hello");
  EXPECT_FALSE(std::filesystem::exists(store.blob_path(id)));
  // The process died before it heard of its success.
  EXPECT_TRUE(sluice::testing::run(store.move_to(id, 5, target)));
  EXPECT_EQ(contents(target), "hello");
}

TEST_F(LocalStoreTest, ARepeatedMoveSyncsTheNamesOfTheFirst) {
  EXPECT_TRUE(write(*open(5), 0, "hello"));
  disk.fail_on("syncdir " + root());
  EXPECT_FALSE(sluice::testing::run(store.move_to(id, 5, root() + "/video")));
  disk.fail_on("");
  disk.take_calls();
  EXPECT_TRUE(sluice::testing::run(store.move_to(id, 5, root() + "/video")));
  EXPECT_EQ(disk.take_calls(),
            (Calls{"open ab/427.part", "open video", "syncdir " + root(), "syncdir ab"}));
  EXPECT_EQ(contents(root() + "/video"), "hello");
}

TEST_F(LocalStoreTest, MovesAnUploadOfNoBytesThatNeverHadABlob) {
  EXPECT_TRUE(sluice::testing::run(store.move_to(id, 0, root() + "/empty")));
  EXPECT_EQ(std::filesystem::file_size(root() + "/empty"), 0U);
}

TEST_F(LocalStoreTest, NeverHandsOverAFileThatLostBytes) {
  EXPECT_TRUE(write(*open(5), 0, "hello"));
  for (const std::uint64_t file_size : {4U, 6U}) {
    const auto moved = sluice::testing::run(store.move_to(id, file_size, root() + "/video"));
    ASSERT_FALSE(moved);
    EXPECT_EQ(moved.error().code(), Errc::storage_failed);
  }
  EXPECT_EQ(contents(store.blob_path(id)), "hello");
  std::filesystem::remove(store.blob_path(id));
  const auto gone = sluice::testing::run(store.move_to(id, 5, root() + "/video"));
  EXPECT_EQ(gone.error().code(), Errc::storage_failed);
  EXPECT_FALSE(std::filesystem::exists(root() + "/video"));
}

TEST_F(LocalStoreTest, CallsAMissingDirectoryItsOwnFault) {
  EXPECT_TRUE(write(*open(5), 0, "hello"));
  const auto moved = sluice::testing::run(store.move_to(id, 5, root() + "/none/video"));
  EXPECT_EQ(moved.error().code(), Errc::storage_failed);
  EXPECT_EQ(contents(store.blob_path(id)), "hello");
  LocalStore nowhere(disk, pool, root() + "/none", Durability::commit, metrics);
  EXPECT_EQ(sluice::testing::run(nowhere.open(id, 5, 0)).error().code(), Errc::storage_failed);
  EXPECT_EQ(sluice::testing::run(nowhere.space()).error().code(), Errc::storage_failed);
}

TEST_F(LocalStoreTest, WorksOnThreads) {
  runtime::BlockingPool threads(2);
  LocalStore threaded(disk, threads, root(), Durability::commit, metrics);
  auto blob = sluice::testing::run(threaded.open(id, 5, 0));
  ASSERT_TRUE(blob);
  EXPECT_TRUE(write(**blob, 0, "hello"));
  EXPECT_TRUE(sluice::testing::run((*blob)->sync()));
  EXPECT_GT(sluice::testing::run(threaded.space())->total_bytes, 0U);
  EXPECT_EQ(contents(threaded.blob_path(id)), "hello");
}

}  // namespace
}  // namespace sluice::store
