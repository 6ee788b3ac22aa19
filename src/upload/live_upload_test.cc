// SPDX-License-Identifier: MIT
#include "upload/live_upload.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "support/memory_journal.h"
#include "support/memory_store.h"
#include "support/run.h"
#include "support/scripted_source.h"

namespace sluice::upload {
namespace {

using namespace std::chrono_literals;
using Ending = testing::ScriptedSource::Ending;
using model::UploadState;
using runtime::Task;
using testing::ScriptedSource;

constexpr std::uint64_t file_size = 9;

RangeSet range(std::uint64_t begin, std::uint64_t end) {
  RangeSet set;
  set.add({begin, end});
  return set;
}

BytesStored stored(std::uint64_t begin, std::uint64_t end) {
  return {range(begin, end), Timestamp() + 1h};
}

class LiveUploadTest : public ::testing::Test {
 protected:
  LiveUploadTest() {
    model::UploadRecord record;
    record.id = 1;
    record.token = "token";
    record.file_name = "file";
    record.progress.file_size = file_size;
    journal.uploads.emplace(1, record);
    upload = std::make_shared<LiveUpload>(record, journal, admission, announcer, clock, bytes);
  }

  Result<Transition> commit(Event event) { return testing::run(upload->commit(std::move(event))); }
  const model::UploadProgress& journalled() { return journal.uploads.at(1).progress; }

  testing::MemoryJournal journal;
  testing::MemoryStore store;
  Admission admission{store, {}, journal::Promises()};
  NoAnnouncer announcer;
  testing::ManualClock clock;
  NullLog log;
  std::shared_ptr<std::atomic<std::uint64_t>> bytes =
      std::make_shared<std::atomic<std::uint64_t>>(0);
  std::shared_ptr<LiveUpload> upload;
};

// A request that holds a range until its sender is cut off, and then until the test releases it.
class Writer {
 public:
  explicit Writer(ByteRange range) : range_(range) {}

  Task<> run(LiveUpload& upload) {
    Claim claim(upload, range_, source);
    acquired = co_await claim.acquire();
    Result<> readable = *acquired ? Result<>() : fail(acquired->error());
    while (readable) {
      readable = co_await source.wait_readable();
      std::array<std::byte, 1> byte{};
      if (readable) {
        (void)co_await source.read(byte, Duration::zero());
      }
    }
    ended_with = readable.error().code();
    claim.source_ended();
    co_await may_end.wait(1min);
  }

  ScriptedSource source{"a", Ending::silent};
  runtime::Event may_end;
  std::optional<Result<std::size_t>> acquired;
  std::optional<Errc> ended_with;

 private:
  const ByteRange range_;
};

TEST_F(LiveUploadTest, ItsProgressIsWhatTheJournalHolds) {
  EXPECT_TRUE(commit(stored(0, 3)));
  EXPECT_EQ(upload->progress(), journalled());
  EXPECT_EQ(upload->progress().stored.to_text(), "0-3");
  journal.full = true;
  EXPECT_EQ(commit(stored(3, 6)).error().code(), Errc::disk_full);
  EXPECT_EQ(upload->progress().stored.to_text(), "0-3");
  journal.full = false;
  EXPECT_TRUE(commit(stored(6, 9)));
  EXPECT_EQ(journalled().stored.to_text(), "0-3,6-9");
}

TEST_F(LiveUploadTest, ANoteIsNotCommitted) {
  ASSERT_TRUE(commit(stored(0, file_size)));
  const std::size_t commits = journal.commits;
  upload->note(AttemptBegan());
  EXPECT_EQ(upload->state(), UploadState::delivering);
  EXPECT_EQ(journal.commits, commits);
}

TEST_F(LiveUploadTest, EachRoundOfAttemptsIsDecidedForItself) {
  ASSERT_TRUE(commit(stored(0, file_size)));
  const std::shared_ptr<runtime::Event> first = upload->decided();
  EXPECT_FALSE(first->is_set());
  ASSERT_TRUE(commit(GaveUp{1, "no", Timestamp() + 2h, Timestamp() + 9h}));
  EXPECT_TRUE(first->is_set());
  ASSERT_TRUE(commit(PutBack{Timestamp() + 3h}));
  EXPECT_FALSE(upload->decided()->is_set());
  EXPECT_TRUE(first->is_set()) << "those who waited for it have heard";
}

TEST_F(LiveUploadTest, TheCounterOfAllHoldsItsBytesWhileItLives) {
  const std::uint64_t before = *bytes;
  EXPECT_GT(before, 0U);
  ASSERT_TRUE(commit(stored(3, 4)));
  EXPECT_GT(*bytes, before);
  upload.reset();
  EXPECT_EQ(*bytes, 0U);
}

TEST_F(LiveUploadTest, BytesThatWereLostAreToldToNobody) {
  BytesStored event = stored(0, 3);
  event.is_deferred = true;
  ASSERT_TRUE(commit(std::move(event)));
  upload->distrust();
  EXPECT_TRUE(upload->snapshot().stored.empty());
  EXPECT_EQ(upload->progress().stored.to_text(), "0-3") << "the journal has yet to forget them";
  EXPECT_FALSE(commit(BytesSynced{range(0, 3)}));
  EXPECT_TRUE(commit(BytesLost()));
  EXPECT_TRUE(journalled().stored.empty());
}

Task<> cuts_an_older_one_off(LiveUpload& upload, Log& log, Writer& older, Writer& newer) {
  runtime::TaskGroup group(co_await boost::asio::this_coro::executor, log);
  group.spawn("older", older.run(upload));
  EXPECT_TRUE(co_await older.source.reached_silence.wait(10s));
  group.spawn("newer", newer.run(upload));
  co_await runtime::sleep_for(1ms);
  EXPECT_EQ(older.ended_with, Errc::taken_over);
  EXPECT_FALSE(newer.acquired) << "the bytes of the older one are not settled yet";
  older.may_end.set();
  co_await runtime::sleep_for(1ms);
  EXPECT_EQ(newer.acquired->value(), 1U);
  newer.source.cancel(Errc::closed_by_peer);
  newer.may_end.set();
  EXPECT_TRUE(co_await group.wait(10s));
}

TEST_F(LiveUploadTest, ANewerClaimCutsAnOlderOneOffAndWaitsUntilItHasSettled) {
  Writer older({0, 6});
  Writer newer({3, 9});
  testing::run(cuts_an_older_one_off(*upload, log, older, newer));
  EXPECT_FALSE(upload->is_being_written());
}

Task<> writes_side_by_side(LiveUpload& upload, Log& log, Writer& one, Writer& other) {
  runtime::TaskGroup group(co_await boost::asio::this_coro::executor, log);
  for (Writer* writer : {&one, &other}) {
    group.spawn("writer", writer->run(upload));
    EXPECT_TRUE(co_await writer->source.reached_silence.wait(10s));
  }
  EXPECT_TRUE(upload.is_being_written());
  EXPECT_FALSE(one.ended_with);
  one.may_end.set();
  EXPECT_FALSE(co_await upload.cut_all(Errc::not_found, 5ms)) << "the other one has not settled";
  other.may_end.set();
  EXPECT_TRUE(co_await upload.cut_all(Errc::not_found, 10s));
  EXPECT_TRUE(co_await group.wait(10s));
}

TEST_F(LiveUploadTest, ClaimsOfOtherBytesRunSideBySideUntilAllAreCut) {
  Writer one({0, 3});
  Writer other({3, 6});
  testing::run(writes_side_by_side(*upload, log, one, other));
  EXPECT_EQ(one.ended_with, Errc::not_found);
  EXPECT_EQ(other.ended_with, Errc::not_found);
}

TEST_F(LiveUploadTest, ASilentRequestTakesNoBytes) {
  ScriptedSource source("");
  EXPECT_FALSE(upload->is_taking_bytes(1h)) << "there is none";
  Claim claim(*upload, {0, file_size}, source);
  claim.begins_to_wait();
  EXPECT_TRUE(upload->is_taking_bytes(1h)) << "it has not been silent for an hour";
  EXPECT_FALSE(upload->is_taking_bytes(0ms));
  claim.goes_on();
  EXPECT_TRUE(upload->is_taking_bytes(0ms)) << "it writes";
  claim.source_ended();
  EXPECT_FALSE(upload->is_taking_bytes(1h));
}

TEST_F(LiveUploadTest, ACheckpointGathersWhatTheJournalLacksOnce) {
  ASSERT_TRUE(commit(stored(0, 2)));
  const std::shared_ptr<store::Blob> blob = store.open({1, file_size});
  ScriptedSource source("");
  Claim claim(*upload, {0, file_size}, source);
  EXPECT_FALSE(upload->begin_checkpoint().ended) << "nothing came";
  claim.wrote({0, 4}, blob);
  const LiveUpload::Checkpoint first = upload->begin_checkpoint();
  ASSERT_EQ(first.arrived.size(), 1U);
  EXPECT_EQ(first.arrived.front().ranges.to_text(), "2-4");
  const LiveUpload::Checkpoint second = upload->begin_checkpoint();
  EXPECT_TRUE(second.arrived.empty());
  EXPECT_EQ(second.ended, first.ended) << "it waits for the one under way";
  upload->end_checkpoint();
  EXPECT_TRUE(first.ended->is_set());
  claim.source_ended();
  EXPECT_FALSE(upload->begin_checkpoint().ended) << "a request at its end settles itself";
}

}  // namespace
}  // namespace sluice::upload
