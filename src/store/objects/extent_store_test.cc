// SPDX-License-Identifier: MIT
#include "store/objects/extent_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/limits.h"
#include "support/extent_world.h"

namespace sluice::store::objects {
namespace {

using runtime::Task;
using sluice::testing::ExtentWorld;
using sluice::testing::NetworkFault;
using sluice::testing::run_in;
using sluice::testing::ScriptedSource;
using Extents = std::vector<model::Extent>;

class ExtentStoreTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t id = 0x1ab;

  template <class T>
  T run(runtime::Task<T> task) {
    return run_in(world.context, std::move(task));
  }
  std::unique_ptr<Blob> open(std::uint64_t size = 100) { return world.store->open({id, size}); }
  Received write(Blob& blob, std::uint64_t offset, const std::string& text) {
    ScriptedSource source(text);
    Received all;
    while (all.outcome && all.bytes < text.size()) {
      const ByteRange rest{offset + all.bytes, offset + text.size()};
      const Received some = run(blob.receive(rest, source, AtEnd::goes_on));
      all.bytes += some.bytes;
      all.outcome = some.outcome;
    }
    return all;
  }
  Result<Extents> settle(Blob& blob, ByteRange range) {
    RangeSet named;
    named.add(range);
    return run(blob.settle(named, {}));
  }
  Errc refusal(Blob& blob, ByteRange range) {
    const Result<Extents> extents = settle(blob, range);
    return extents ? Errc::closed_by_peer : extents.error().code();
  }
  void commit(Result<Extents> extents) {
    ASSERT_TRUE(extents) << extents.error().message();
    ASSERT_TRUE(world.commit(id, *std::move(extents)));
  }
  std::string read(std::uint64_t size) {
    const auto source = run(world.store->read_finished(id, size, 0));
    if (!source) {
      return "failed: " + source.error().message();
    }
    std::vector<std::byte> buffer(size);
    const Result<std::size_t> count = run((*source)->read(buffer, Duration(1)));
    return count ? std::string(as_text(buffer)) : "failed: " + count.error().message();
  }
  std::size_t object_count() const { return world.objects.objects.size(); }

  ExtentWorld world;
};

TEST_F(ExtentStoreTest, AnExtentNamesItsObjectAndTheObjectItsRange) {
  const auto blob = open();
  EXPECT_TRUE(write(*blob, 5, "hello").outcome);
  const Result<Extents> extents = settle(*blob, {5, 10});
  ASSERT_TRUE(extents);
  ASSERT_EQ(extents->size(), 1U);
  EXPECT_EQ(extents->front().range, (ByteRange{5, 10}));
  EXPECT_EQ(extents->front().object_begin, 0U);
  const std::string& name = extents->front().object;
  EXPECT_TRUE(name.starts_with("prefix/e/ab/427/")) << name;
  EXPECT_TRUE(name.ends_with("-5-10")) << name;
  EXPECT_EQ(world.objects.objects.at(name), "hello");
}

TEST_F(ExtentStoreTest, OnlyWhatIsNamedIsWritten) {
  const auto blob = open();
  EXPECT_TRUE(write(*blob, 0, "hello world").outcome);
  ASSERT_TRUE(settle(*blob, {6, 11}));
  ASSERT_EQ(object_count(), 1U);
  EXPECT_EQ(world.objects.objects.begin()->second, "world");
  EXPECT_EQ(settle(*blob, {3, 3}), Extents{});
  EXPECT_EQ(object_count(), 1U);
}

TEST_F(ExtentStoreTest, ThatBytesWereNeverWrittenIsAFailure) {
  const auto blob = open();
  EXPECT_TRUE(write(*blob, 0, "hello").outcome);
  EXPECT_EQ(refusal(*blob, {0, 6}), Errc::storage_failed);
}

TEST_F(ExtentStoreTest, FullObjectsAreWrittenAsTheyFill) {
  const std::uint64_t size = 2 * limits::extent_bytes + 1000;
  const auto blob = open(size);
  EXPECT_EQ(write(*blob, 0, std::string(size, 'x')).bytes, size);
  run(world.store->drain(limits::extent_wait_max));
  EXPECT_EQ(object_count(), 2U);
  EXPECT_EQ(world.scratch.used(), 1000U) << "what objects hold is no more in scratch";
  const Result<Extents> extents = settle(*blob, {0, size});
  ASSERT_TRUE(extents);
  EXPECT_EQ(extents->size(), 3U);
  run(world.store->drain(limits::extent_wait_max));
  EXPECT_EQ(world.scratch.used(), 0U);
}

TEST_F(ExtentStoreTest, LargeFilesHaveLargeObjects) {
  EXPECT_EQ(extent_bytes_of(0), limits::extent_bytes);
  EXPECT_EQ(extent_bytes_of(limits::extents_max * limits::extent_bytes - 1), limits::extent_bytes);
  for (const std::uint64_t size : {std::uint64_t{1} << 40U, limits::file_size_max}) {
    EXPECT_LE(size / extent_bytes_of(size), limits::extents_max);
  }
}

TEST_F(ExtentStoreTest, WhatABlobLeavesBehindGivesItsRoomBack) {
  EXPECT_TRUE(write(*open(), 0, "hello").outcome);
  EXPECT_EQ(world.scratch.used(), 0U);
  EXPECT_EQ(object_count(), 0U);
}

// The first PUT meets the fault; what is settled after it counts.
TEST_F(ExtentStoreTest, AfterAPutWithoutAnAnswerTheBytesAreWrittenUnderAnotherName) {
  struct Row {
    NetworkFault fault;
    std::size_t objects;  // That are there at once.
    std::size_t at_last;
  };
  for (const Row& row : {Row{NetworkFault::lost, 1, 1}, Row{NetworkFault::late, 1, 2},
                         Row{NetworkFault::reply_lost, 2, 2}}) {
    world.objects.faults = {row.fault};
    const auto blob = open();
    EXPECT_TRUE(write(*blob, 0, "hello").outcome);
    EXPECT_EQ(refusal(*blob, {0, 5}), Errc::unavailable);
    EXPECT_EQ(run(blob->count_equal(0, as_bytes("hello"))), 5U) << "the bytes are still here";
    commit(settle(*blob, {0, 5}));
    EXPECT_EQ(object_count(), row.objects);
    world.objects.let_late_arrive();
    EXPECT_EQ(object_count(), row.at_last);
    EXPECT_EQ(read(5), "hello");
    EXPECT_TRUE(run(world.store->remove(id)));
    EXPECT_EQ(object_count(), 0U) << "those without an extent, too";
    world.journal.clear();
  }
}

TEST_F(ExtentStoreTest, ADoubledPutChangesNothing) {
  world.objects.faults = {NetworkFault::doubled};
  const auto blob = open();
  EXPECT_TRUE(write(*blob, 0, "hello").outcome);
  commit(settle(*blob, {0, 5}));
  world.objects.let_late_arrive();
  EXPECT_EQ(object_count(), 1U);
  EXPECT_EQ(read(5), "hello");
}

TEST_F(ExtentStoreTest, AFullObjectThatDidNotArriveIsWrittenAgain) {
  world.objects.faults = {NetworkFault::lost};
  const std::uint64_t size = limits::extent_bytes;
  const auto blob = open(size);
  EXPECT_EQ(write(*blob, 0, std::string(size, 'x')).bytes, size);
  run(world.store->drain(limits::extent_wait_max));
  EXPECT_EQ(object_count(), 0U);
  commit(settle(*blob, {0, size}));
  EXPECT_EQ(object_count(), 1U);
}

// What the first process wrote is not what the file has.
TEST_F(ExtentStoreTest, AProcessThatDiesBeforeItsCommitLeavesNothingThatCounts) {
  commit([&] {
    const auto blob = open();
    EXPECT_TRUE(write(*blob, 0, "hel").outcome);
    return settle(*blob, {0, 3});
  }());
  {
    const auto blob = open();
    EXPECT_TRUE(write(*blob, 3, "XX").outcome);
    EXPECT_TRUE(settle(*blob, {3, 5})) << "and it is not committed";
  }
  world.restart();
  const auto blob = open();
  EXPECT_TRUE(write(*blob, 3, "lo").outcome);
  commit(settle(*blob, {3, 5}));
  EXPECT_EQ(object_count(), 3U);
  EXPECT_EQ(read(5), "hello");
  std::set<std::string> named;
  for (const model::Extent& extent : *run(world.journal.extents(id, 0, 9))) {
    named.insert(extent.object);
  }
  EXPECT_EQ(named.size(), 2U);
  EXPECT_TRUE(run(world.store->remove(id + 256)));
  for (const std::string& name : named) {
    EXPECT_TRUE(world.objects.objects.contains(name)) << "it is another upload's";
  }
  EXPECT_TRUE(run(world.store->remove(id)));
  EXPECT_EQ(object_count(), 0U);
}

TEST_F(ExtentStoreTest, TellsWhetherAnotherEngineHasStoredTheSame) {
  const auto ours = open();
  EXPECT_TRUE(write(*ours, 0, "hello world").outcome);
  const Result<Extents> extents = settle(*ours, {0, 11});
  ASSERT_TRUE(extents);
  const auto theirs = open();
  EXPECT_TRUE(write(*theirs, 2, "llo, ").outcome);
  commit(settle(*theirs, {2, 7}));
  commit(extents);
  const auto is_stored_so = [&](const std::vector<ByteRange>& ranges) {
    RangeSet set;
    for (const ByteRange& range : ranges) {
      set.add(range);
    }
    return run(ours->is_stored_so(std::move(set)));
  };
  EXPECT_TRUE(*is_stored_so({{0, 5}, {7, 11}}));
  EXPECT_FALSE(*is_stored_so({{0, 6}}));
  EXPECT_FALSE(*is_stored_so({{6, 7}}));
  EXPECT_EQ(is_stored_so({{10, 12}}).error().code(), Errc::storage_failed);
  world.objects.faults = {NetworkFault::lost};
  EXPECT_EQ(is_stored_so({{3, 5}}).error().code(), Errc::unavailable);
}

TEST_F(ExtentStoreTest, AQuotaOfTheStoreIsToldAndTheBytesWait) {
  world.objects.capacity_bytes = 4;
  const auto blob = open();
  EXPECT_TRUE(write(*blob, 0, "hello").outcome);
  EXPECT_EQ(refusal(*blob, {0, 5}), Errc::disk_full);
  world.objects.capacity_bytes = 5;
  commit(settle(*blob, {0, 5}));
  EXPECT_EQ(read(5), "hello");
}

TEST_F(ExtentStoreTest, AFullScratchDiskIsNoFullStore) {
  world.disk.fail_on("write", Errc::disk_full);
  const auto blob = open();
  const Received received = write(*blob, 0, "hello");
  ASSERT_FALSE(received.outcome);
  EXPECT_EQ(received.outcome.error().code(), Errc::unavailable);
  EXPECT_EQ(received.bytes, 0U);
  world.disk.fail_on("");
  EXPECT_TRUE(write(*blob, 0, "hello").outcome);
  EXPECT_TRUE(settle(*blob, {0, 5}));
}

TEST_F(ExtentStoreTest, ALostObjectIsAFailureOfTheStore) {
  const auto blob = open();
  EXPECT_TRUE(write(*blob, 0, "hello").outcome);
  commit(settle(*blob, {0, 5}));
  world.objects.faults = {NetworkFault::lost};
  const auto away = run(open()->count_equal(0, as_bytes("hello")));
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code(), Errc::unavailable);
  world.objects.objects.clear();
  const auto gone = run(open()->count_equal(0, as_bytes("hello")));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code(), Errc::storage_failed);
  EXPECT_TRUE(read(5).starts_with("failed: "));
}

TEST_F(ExtentStoreTest, AFileWithAHoleIsNotFinished) {
  const auto blob = open();
  EXPECT_TRUE(write(*blob, 0, "he").outcome);
  EXPECT_TRUE(write(*blob, 3, "lo").outcome);
  commit(settle(*blob, {0, 2}));
  commit(settle(*blob, {3, 5}));
  EXPECT_EQ(run(world.store->open_finished(id, 5)).error().code(), Errc::storage_failed);
  EXPECT_EQ(run(open()->count_equal(0, as_bytes("hello"))).error().code(), Errc::storage_failed);
}

TEST_F(ExtentStoreTest, RemovesPageByPageAndSaysWhatItCouldNot) {
  world.objects.page_count = 2;
  const auto blob = open();
  for (std::uint64_t at = 0; at < 10; at += 2) {
    EXPECT_TRUE(write(*blob, at, "x").outcome);
    EXPECT_TRUE(settle(*blob, {at, at + 1}));
  }
  EXPECT_EQ(object_count(), 5U);
  world.objects.faults = {NetworkFault::none, NetworkFault::lost};
  const Result<> removed = run(world.store->remove(id));
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().code(), Errc::unavailable);
  EXPECT_TRUE(run(world.store->remove(id)));
  EXPECT_EQ(object_count(), 0U);
}

class FinishTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t id = 7;

  FinishTest() { world.put_file(id, {"ma", "insub", "titles!"}); }

  Result<bool> finish() { return run_in(world.context, world.store->finish(id, files)); }
  std::map<std::string, std::string> kept() const {
    std::map<std::string, std::string> all;
    for (const auto& [key, bytes] : world.objects.objects) {
      if (key.starts_with("prefix/f/")) {
        all[key] = bytes;
      }
    }
    return all;
  }

  ExtentWorld world;
  const std::vector<NamedRange> files{{{0, 4}, "videos/v.mp4"}, {{4, 14}, "videos/v-1.srt"}};
  const std::map<std::string, std::string> whole{{"prefix/f/videos/v.mp4", "main"},
                                                 {"prefix/f/videos/v-1.srt", "subtitles!"}};
};

TEST_F(FinishTest, ComesToItsEndAfterAFailureOfAnyRequest) {
  for (const NetworkFault fault :
       {NetworkFault::lost, NetworkFault::late, NetworkFault::reply_lost, NetworkFault::doubled}) {
    for (std::size_t before = 0;; ++before) {
      world.objects.faults.clear();
      world.objects.objects.clear();
      world.journal.clear();
      world.put_file(id, {"ma", "insub", "titles!"});
      world.objects.requests = 0;
      world.objects.faults.assign(before, NetworkFault::none);
      world.objects.faults.push_back(fault);
      const Result<bool> first = finish();
      if (world.objects.requests <= before) {
        EXPECT_GT(before, 8U) << "of all requests";
        break;
      }
      world.objects.faults.clear();
      ASSERT_TRUE(finish()) << before;
      EXPECT_EQ(kept(), whole) << before;
      world.objects.let_late_arrive();
      EXPECT_EQ(kept(), whole) << before;
      EXPECT_EQ(finish(), false);
      EXPECT_EQ(world.stored(id, 14), "mainsubtitles!") << "the blob stays";
    }
  }
}

TEST_F(FinishTest, TwoProcessesMakeOneFile) {
  std::vector<Result<bool>> made;
  const auto make = [](auto& test, std::vector<Result<bool>>& results) -> Task<> {
    results.push_back(co_await test.world.store->finish(test.id, test.files));
  };
  runtime::TaskGroup group(world.context.get_executor(), world.log);
  group.spawn("one", make(*this, made));
  group.spawn("other", make(*this, made));
  EXPECT_TRUE(run_in(world.context, group.wait(std::chrono::minutes(1))));
  ASSERT_EQ(made.size(), 2U);
  EXPECT_EQ(made.front(), true);
  EXPECT_EQ(made.back(), true);
  EXPECT_EQ(kept(), whole);
}

TEST_F(FinishTest, AFileOfAnotherSizeIsNotTakenForTheFinishedOne) {
  world.objects.objects["prefix/f/videos/v.mp4"] = "mai";
  const Result<bool> made = finish();
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), Errc::storage_failed);
}

TEST_F(FinishTest, WithoutAMergerThereAreNoFiles) {
  world.store->tools().merger = nullptr;
  EXPECT_EQ(finish().error().code(), Errc::internal);
}

}  // namespace
}  // namespace sluice::store::objects
