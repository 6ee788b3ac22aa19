// SPDX-License-Identifier: MIT
#include "store/local/local_blob.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/limits.h"
#include "store/local/local_store.h"
#include "support/recording_disk.h"
#include "support/run.h"
#include "support/scripted_source.h"
#include "support/temporary_directory.h"

namespace sluice::store::local {
namespace {

using sluice::testing::RecordingDisk;
using Calls = std::vector<std::string>;
using Ending = sluice::testing::ScriptedSource::Ending;
using sluice::testing::run;
using sluice::testing::ScriptedSource;

class LocalBlobTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t id = 0x1ab;  // 427, in shard ab.

  static Received receive(Blob& blob, ByteRange range, ScriptedSource& source,
                          AtEnd at_end = AtEnd::goes_on) {
    return run(blob.receive(range, source, at_end));
  }
  static Received receive(Blob& blob, ByteRange range, std::string text,
                          AtEnd at_end = AtEnd::goes_on) {
    ScriptedSource source(std::move(text));
    return receive(blob, range, source, at_end);
  }
  static RangeSet ranges(ByteRange range) {
    RangeSet set;
    set.add(range);
    return set;
  }
  std::string contents() const {
    std::ifstream file(store.blob_path(id), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void overwrite(const std::string& text) const {
    std::ofstream(store.blob_path(id), std::ios::binary) << text;
  }

  sluice::testing::TemporaryDataDirectory directory;
  RecordingDisk disk{directory.path() + "/uploads"};
  runtime::BlockingPool pool{0};
  Metrics metrics;
  // Room for one buffer: nothing may need two at a time.
  runtime::BufferPool buffers{limits::buffer_bytes, metrics.buffers_in_use};
  LocalStore store{disk, pool, buffers, directory.path(), Durability::commit, metrics};
};

TEST_F(LocalBlobTest, WritesWhatComesToItsPlace) {
  const auto blob = store.open({id, 100});
  const Received received = receive(*blob, {3, 13}, "abcdef");
  EXPECT_TRUE(received.outcome);
  EXPECT_EQ(received.bytes, 6U);
  EXPECT_EQ(contents().substr(3), "abcdef");
  EXPECT_EQ(receive(*blob, {9, 12}, "ghijk").bytes, 3U) << "no more than the range";
  EXPECT_EQ(receive(*blob, {12, 20}, "").bytes, 0U) << "the end";
}

TEST_F(LocalBlobTest, AFastSenderIsReadByTheThreadThatWrites) {
  const std::string file(5 * limits::buffer_bytes + 7, 'x');
  const auto blob = store.open({id, file.size()});
  ScriptedSource source(file);
  // A turn also ends after its time, which a slow machine may need more of.
  for (std::uint64_t at = 0; at < file.size();) {
    const Received received = receive(*blob, {at, file.size()}, source);
    ASSERT_GT(received.bytes, 0U);
    at += received.bytes;
  }
  EXPECT_GE(source.bytes_read_lent, limits::buffer_bytes);
  EXPECT_GT(source.largest_read_lent, limits::trial_bytes);
  EXPECT_GE(source.loans, 1);
  EXPECT_FALSE(source.is_lent);
  EXPECT_EQ(contents(), file);
}

TEST_F(LocalBlobTest, ARangeThatHasComeWholeIsNotLent) {
  const auto blob = store.open({id, 9});
  ScriptedSource source("abc");
  EXPECT_EQ(receive(*blob, {0, 3}, source).bytes, 3U);
  EXPECT_EQ(source.loans, 0);
}

TEST_F(LocalBlobTest, GivesOthersTheirTurn) {
  const std::string file(limits::stream_bytes_max + limits::buffer_bytes, 'x');
  const auto blob = store.open({id, file.size()});
  ScriptedSource source(file);
  EXPECT_LE(receive(*blob, {0, file.size()}, source).bytes, limits::stream_bytes_max);
}

TEST_F(LocalBlobTest, ASlowSenderOfALargeFileTakesNothingOfTheBudget) {
  const auto blob = store.open({id, limits::large_rest_bytes});
  const Result<runtime::Buffer> all = run(buffers.acquire(Duration(1)));
  ASSERT_TRUE(all);
  EXPECT_EQ(receive(*blob, {0, limits::large_rest_bytes}, "abc").bytes, 3U);
}

TEST_F(LocalBlobTest, TellsTheErrorOfTheSource) {
  const auto blob = store.open({id, 100});
  ScriptedSource lost("", Ending::lost);
  const Received received = receive(*blob, {0, 9}, lost);
  EXPECT_EQ(received.outcome.error().code(), Errc::closed_by_peer);
  EXPECT_EQ(received.bytes, 0U);
}

TEST_F(LocalBlobTest, TellsWhatWasWrittenBeforeAnError) {
  const auto blob = store.open({id, 100});
  disk.fail_on("write");
  const Received received = receive(*blob, {0, 9}, "abcd");
  EXPECT_FALSE(received.outcome);
  EXPECT_EQ(received.bytes, 0U);
}

TEST_F(LocalBlobTest, OpensWritesAndSyncsAWholePieceInOneGo) {
  const auto blob = store.open({id, 9});
  EXPECT_EQ(receive(*blob, {0, 5}, "hello", AtEnd::settles).bytes, 5U);
  const Calls calls = disk.take_calls();
  ASSERT_GE(calls.size(), 2U);
  EXPECT_EQ(Calls(calls.end() - 2, calls.end()), (Calls{"sync ab/427.part", "syncdir ab"}));
  EXPECT_TRUE(run(blob->settle({}, {})));
  EXPECT_EQ(disk.take_calls(), Calls{});
  EXPECT_EQ(receive(*blob, {5, 9}, "abc", AtEnd::settles).bytes, 3U);
  EXPECT_EQ(disk.take_calls(), Calls{}) << "there is more to come";
}

TEST_F(LocalBlobTest, OnlyForWhatIsStillToComeIsRoomSetAside) {
  EXPECT_TRUE(receive(*store.open({id, 5}), {0, 5}, "hello").outcome);
  EXPECT_EQ(disk.take_calls().back(), "preallocate ab/427.part 0");
  EXPECT_TRUE(receive(*store.open({id + 1, 9}), {0, 9}, "hello").outcome);
  EXPECT_EQ(disk.take_calls().back(), "preallocate ac/428.part 9");
}

TEST_F(LocalBlobTest, WhereSyncsAreDeferredNothingIsSyncedOnTheWay) {
  LocalStore deferring(disk, pool, buffers, directory.path(), Durability::interval, metrics);
  const auto blob = deferring.open({id, 9});
  EXPECT_EQ(receive(*blob, {0, 5}, "hello", AtEnd::settles).bytes, 5U);
  EXPECT_EQ(disk.take_calls().back(), "preallocate ab/427.part 9");
  EXPECT_TRUE(run(blob->settle({}, ranges({0, 5}))));
  EXPECT_EQ(disk.take_calls(), (Calls{"sync ab/427.part", "syncdir ab"}));
}

// The requests of one upload have its file in common, whatever order they come and go in.
TEST_F(LocalBlobTest, OneSyncIsForTheBytesOfAll) {
  const auto one = store.open({id, 9});
  const auto other = store.open({id, 9});
  EXPECT_TRUE(receive(*one, {0, 5}, "hello").outcome);
  EXPECT_TRUE(receive(*other, {5, 9}, "abcd").outcome);
  disk.take_calls();
  EXPECT_TRUE(run(one->settle({}, {})));
  EXPECT_EQ(disk.take_calls(), (Calls{"sync ab/427.part", "syncdir ab"}));
  EXPECT_TRUE(run(other->settle({}, {})));
  EXPECT_EQ(disk.take_calls(), Calls{});
}

TEST_F(LocalBlobTest, AFailedSyncIsTheFailureOfAllThatHaveItOpen) {
  const auto one = store.open({id, 9});
  const auto other = store.open({id, 9});
  EXPECT_TRUE(receive(*one, {0, 5}, "hello").outcome);
  disk.fail_on("sync ab/427.part");
  EXPECT_FALSE(run(one->settle({}, {})));
  disk.fail_on("");
  EXPECT_FALSE(run(other->settle({}, {}))) << "the kernel reports a failed write once";
}

TEST_F(LocalBlobTest, ASyncThatFailsOnTheWayIsNeverHealed) {
  const auto blob = store.open({id, 5});
  disk.fail_on("sync ab/427.part", Errc::disk_full);
  const Received received = receive(*blob, {0, 5}, "hello", AtEnd::settles);
  EXPECT_EQ(received.outcome.error().code(), Errc::storage_failed);
  EXPECT_EQ(received.bytes, 5U);
  disk.fail_on("");
  EXPECT_EQ(run(blob->settle({}, {})).error().code(), Errc::storage_failed);
}

// The kernel may have failed to write what an earlier process wrote, told that process, and call it
// clean.
TEST_F(LocalBlobTest, WritesAnewWhatAnEarlierProcessLeftUnsynced) {
  EXPECT_TRUE(receive(*store.open({id, 20}), {0, 10}, "0123456789").outcome);
  const auto blob = store.open({id, 20, 10});
  EXPECT_TRUE(receive(*blob, {10, 12}, "ab").outcome);
  disk.take_calls();
  disk.take_writes();
  EXPECT_TRUE(run(blob->settle({}, ranges({5, 12}))));
  EXPECT_EQ(disk.take_calls(), (Calls{"sync ab/427.part", "syncdir ab", "sync ab/427.part"}));
  EXPECT_EQ(disk.take_writes(), Calls{"5-10"});
  EXPECT_TRUE(run(blob->settle({}, ranges({5, 12}))));
  EXPECT_EQ(disk.take_calls(), Calls{});
  EXPECT_EQ(contents(), "0123456789ab");
}

TEST_F(LocalBlobTest, InheritedBytesThatAreGoneAreNotDurable) {
  EXPECT_TRUE(receive(*store.open({id, 20}), {0, 10}, "0123456789").outcome);
  overwrite("01234");
  EXPECT_EQ(run(store.open({id, 20})->settle({}, ranges({0, 10}))).error().code(),
            Errc::storage_failed);
}

TEST_F(LocalBlobTest, CountsTheBytesThatAreTheSame) {
  const std::string file(3 * limits::compare_bytes, 'x');
  const auto blob = store.open({id, file.size() + 9});
  EXPECT_TRUE(receive(*blob, {0, file.size()}, file).outcome);
  EXPECT_EQ(run(blob->count_equal(0, as_bytes(file))), file.size());
  std::string other = file;
  other[limits::compare_bytes + 5] = 'y';
  EXPECT_EQ(run(blob->count_equal(0, as_bytes(other))), limits::compare_bytes + 5);
  EXPECT_EQ(run(blob->count_equal(9, as_bytes(file))).error().code(), Errc::storage_failed)
      << "it ends before they do";
}

TEST_F(LocalBlobTest, WorksOnThreads) {
  runtime::BlockingPool threads(2);
  LocalStore threaded(disk, threads, buffers, directory.path(), Durability::commit, metrics);
  const auto blob = threaded.open({id, 5});
  EXPECT_EQ(receive(*blob, {0, 5}, "hello").bytes, 5U);
  EXPECT_TRUE(run(blob->settle({}, {})));
  EXPECT_EQ(contents(), "hello");
}

}  // namespace
}  // namespace sluice::store::local
