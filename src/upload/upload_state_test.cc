// SPDX-License-Identifier: MIT
#include "upload/upload_state.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <random>
#include <vector>

namespace sluice::upload {
namespace {

using namespace std::chrono_literals;
using model::UploadProgress;
using model::UploadState;

constexpr std::uint64_t file_size = 10;
const Timestamp later{1h};

RangeSet ranges(const char* text) {
  return *RangeSet::from_text(text);
}

model::Answer answer(int status) {
  model::Answer result;
  result.status = status;
  return result;
}

UploadProgress of_size(std::optional<std::uint64_t> size) {
  UploadProgress progress;
  progress.file_size = size;
  return progress;
}

UploadProgress in_state(UploadState state) {
  UploadProgress progress = of_size(file_size);
  progress.state = state;
  progress.stored = ranges("0-10");
  if (is_finished(state)) {
    progress.answer = answer(200);
  }
  return progress;
}

TEST(UploadState, BytesGatherUntilTheFileIsWhole) {
  Transition t = apply_to(of_size(file_size), BytesStored{ranges("5-10"), later});
  EXPECT_TRUE(t.changed);
  EXPECT_FALSE(t.deliver);
  EXPECT_EQ(t.progress.expires_at, later);
  EXPECT_EQ(acknowledged(t.progress), 0U);
  t = apply_to(t.progress, BytesStored{ranges("0-5"), later});
  EXPECT_TRUE(t.deliver);
  EXPECT_EQ(t.progress.state, UploadState::received);
}

TEST(UploadState, HugeFilesAreCountedToTheByte) {
  constexpr std::uint64_t huge = std::uint64_t{1} << 53U;
  Transition t =
      apply_to(of_size(huge), BytesStored{ranges("9007199254740990-9007199254740992"), later});
  t = apply_to(t.progress, BytesStored{ranges("0-9007199254740989"), later});
  EXPECT_FALSE(t.deliver);
  EXPECT_EQ(acknowledged(t.progress), huge - 3);
  EXPECT_EQ(t.progress.stored.total(), huge - 1);
  t = apply_to(t.progress, BytesStored{ranges("9007199254740989-9007199254740990"), later});
  EXPECT_TRUE(t.deliver);
  EXPECT_EQ(acknowledged(t.progress), huge - 1);
}

BytesStored sized(const char* text, std::uint64_t size) {
  BytesStored event{ranges(text), later};
  event.file_size = size;
  return event;
}

TEST(UploadState, AFileOfUnknownSizeIsNeverCompleteAndWithholdsNothing) {
  const Transition t = apply_to(of_size({}), BytesStored{ranges("0-10"), later});
  EXPECT_FALSE(t.deliver);
  EXPECT_FALSE(is_complete(t.progress));
  EXPECT_EQ(acknowledged(t.progress), 10U);
  EXPECT_FALSE(apply_to(of_size({}), BytesStored{{}, later}).deliver) << "nor is one without bytes";
}

TEST(UploadState, ASizeThatBecomesKnownMayCompleteTheFile) {
  const UploadProgress stored = apply_to(of_size({}), BytesStored{ranges("0-10"), later}).progress;
  const Transition longer = apply_to(stored, sized("", 11));
  EXPECT_FALSE(longer.deliver);
  EXPECT_EQ(longer.progress.file_size, 11U);
  EXPECT_EQ(acknowledged(longer.progress), 10U);
  const Transition whole = apply_to(stored, sized("", 10));
  EXPECT_TRUE(whole.deliver);
  EXPECT_EQ(whole.progress.state, UploadState::received);
  EXPECT_EQ(acknowledged(whole.progress), 9U);
  EXPECT_TRUE(apply_to(stored, sized("10-12", 12)).deliver) << "with the last bytes";
}

TEST(UploadState, ASizeDoesNotChangeAndIsNeverBelowWhatIsStored) {
  const UploadProgress stored = apply_to(of_size({}), BytesStored{ranges("0-10"), later}).progress;
  EXPECT_EQ(apply_to(stored, sized("", 9)).progress.file_size, std::nullopt);
  const UploadProgress known = apply_to(stored, sized("", 11)).progress;
  EXPECT_EQ(apply_to(known, sized("", 12)).progress.file_size, 11U);
  EXPECT_EQ(apply_to(known, sized("", 10)).progress.file_size, 11U);
  EXPECT_EQ(apply_to(known, BytesStored{ranges("10-20"), later}).progress.stored, ranges("0-11"))
      << "what lies beyond is none of the file";
}

TEST(UploadState, ASizeThatCompletesUnsyncedBytesHasThemSyncedFirst) {
  BytesStored deferred{ranges("0-10"), later};
  deferred.is_deferred = true;
  const UploadProgress stored = apply_to(of_size({}), deferred).progress;
  const Transition early = apply_to(stored, sized("", 10));
  EXPECT_TRUE(early.sync_first);
  EXPECT_EQ(early.progress, stored);
  BytesStored synced = sized("", 10);
  synced.synced = ranges("0-10");
  EXPECT_TRUE(apply_to(stored, synced).deliver);
}

TEST(UploadState, BytesThatAreDurableStaySoWhenTheyAreWrittenOnceMore) {
  BytesStored deferred{ranges("0-6"), later};
  deferred.is_deferred = true;
  UploadProgress progress = apply_to(of_size(file_size), deferred).progress;
  progress = apply_to(progress, BytesSynced{ranges("0-4")}).progress;
  deferred.ranges = ranges("2-8");
  progress = apply_to(progress, deferred).progress;
  EXPECT_EQ(progress.stored, ranges("0-8"));
  EXPECT_EQ(progress.unsynced, ranges("4-8"));
}

TEST(UploadState, BytesThatAreStoredAlreadyAreComparedFirst) {
  const UploadProgress stored =
      apply_to(of_size(file_size), BytesStored{ranges("2-6"), later}).progress;
  BytesStored event{ranges("0-10"), later};
  event.compared.emplace();
  Transition t = apply_to(stored, event);
  EXPECT_FALSE(t.changed);
  EXPECT_EQ(t.progress, stored);
  EXPECT_EQ(t.compare_first, ranges("2-6"));
  event.compared = ranges("2-5");
  EXPECT_EQ(apply_to(stored, event).compare_first, ranges("5-6"));
  event.compared = ranges("0-6");
  t = apply_to(stored, event);
  EXPECT_TRUE(t.compare_first.empty());
  EXPECT_TRUE(t.deliver);
}

TEST(UploadState, ACutRequestNeverFinishesTheFile) {
  const Transition t = apply_to(of_size(file_size), BytesStored{ranges("0-10"), later, false});
  EXPECT_EQ(t.progress.state, UploadState::receiving);
  EXPECT_FALSE(t.deliver);
  EXPECT_EQ(acknowledged(t.progress), 9U);
}

TEST(UploadState, TheLastByteIsWithheldUntilThereIsAnAnswer) {
  UploadProgress progress = in_state(UploadState::received);
  EXPECT_EQ(acknowledged(progress), 9U);
  progress = apply_to(progress, AttemptBegan{}).progress;
  EXPECT_EQ(progress.state, UploadState::delivering);
  EXPECT_EQ(acknowledged(progress), 9U);
  progress = apply_to(progress, Answered{answer(200), true, later, later}).progress;
  EXPECT_EQ(progress.state, UploadState::delivered);
  EXPECT_EQ(acknowledged(progress), 10U);
  EXPECT_FALSE(progress.blob_present);
}

TEST(UploadState, EmptyFilesHaveNoByteToWithhold) {
  const Transition t = apply_to(of_size(0), BytesStored{{}, later});
  EXPECT_TRUE(t.deliver);
  EXPECT_EQ(acknowledged(t.progress), 0U);
}

TEST(UploadState, ARefusalIsTheAnswerAndLeavesTheBytes) {
  const Transition t =
      apply_to(in_state(UploadState::delivering), Answered{answer(422), false, later, later});
  EXPECT_EQ(t.progress.state, UploadState::refused);
  EXPECT_FALSE(t.remove_blob);
  EXPECT_FALSE(apply_to(t.progress, BlobRemoved{}).changed);
  EXPECT_EQ(acknowledged(t.progress), file_size);
}

TEST(UploadState, ARefusedFileWaitsForTheOperatorOrItsExpiry) {
  const UploadProgress refused =
      apply_to(in_state(UploadState::delivering), Answered{answer(422), false, later, later})
          .progress;
  EXPECT_FALSE(apply_to(refused, Aborted{later}).changed);
  EXPECT_FALSE(apply_to(refused, Answered{answer(200), true, later, later}).changed);
  const Transition expired = apply_to(refused, Expired{later});
  EXPECT_EQ(expired.progress.state, UploadState::expired);
  EXPECT_TRUE(expired.remove_blob);
  EXPECT_FALSE(expired.progress.answer);
  EXPECT_FALSE(apply_to(expired.progress, PutBack{later}).changed);
  const Transition back = apply_to(refused, PutBack{later});
  EXPECT_TRUE(back.deliver);
  EXPECT_EQ(back.progress.state, UploadState::received);
  EXPECT_FALSE(back.progress.answer);
  EXPECT_EQ(acknowledged(back.progress), file_size - 1);
  const Transition t = apply_to(back.progress, Answered{answer(200), true, later, later});
  EXPECT_EQ(t.progress.state, UploadState::delivered);
  EXPECT_EQ(t.progress.answer->status, 200);
  UploadProgress taken = refused;
  taken.blob_present = false;
  EXPECT_FALSE(apply_to(taken, PutBack{later}).changed);
  EXPECT_FALSE(apply_to(taken, Expired{later}).remove_blob);
}

TEST(UploadState, TheFirstAnswerStays) {
  const UploadProgress progress = in_state(UploadState::delivered);
  const Transition t = apply_to(progress, Answered{answer(500), false, later, later});
  EXPECT_FALSE(t.changed);
  EXPECT_EQ(t.progress, progress);
}

TEST(UploadState, AnAttemptThatFailedSaysWhyUntilThereIsAnAnswer) {
  UploadProgress progress = in_state(UploadState::received);
  progress = apply_to(progress, AttemptFailed{1, later, "it answered 503"}).progress;
  EXPECT_EQ(progress.failure, "it answered 503");
  progress = apply_to(progress, AttemptBegan{}).progress;
  EXPECT_EQ(progress.failure, "it answered 503");
  progress = apply_to(progress, Answered{answer(200), true, later, later}).progress;
  EXPECT_EQ(progress.failure, "");
}

TEST(UploadState, WhatFailedWaitsForTheOperatorOrItsExpiry) {
  UploadProgress progress = in_state(UploadState::delivering);
  progress.attempts = 6;
  progress.handoff_since = later;
  Transition t = apply_to(progress, GaveUp{7, "it answered 500", later, later});
  EXPECT_EQ(t.progress.state, UploadState::failed);
  EXPECT_EQ(t.progress.failure, "it answered 500");
  EXPECT_EQ(t.progress.attempts, 7U);
  EXPECT_FALSE(t.remove_blob);
  EXPECT_EQ(acknowledged(t.progress), 9U);
  EXPECT_FALSE(apply_to(t.progress, Aborted{later}).changed);
  EXPECT_FALSE(apply_to(t.progress, AttemptFailed{8, later}).changed);
  EXPECT_TRUE(apply_to(t.progress, Expired{later}).remove_blob);
  t = apply_to(t.progress, PutBack{later});
  EXPECT_TRUE(t.deliver);
  EXPECT_EQ(t.progress.state, UploadState::received);
  EXPECT_EQ(t.progress.failure, "");
  EXPECT_EQ(t.progress.attempts, 0U);
  EXPECT_GT(t.progress.handoff_since, later) << "a round of its own, in the same millisecond";
  EXPECT_FALSE(apply_to(t.progress, PutBack{later}).changed);
}

TEST(UploadState, WhatIsSetAsideWaitsForTheOperatorOrItsExpiry) {
  const Transition t = apply_to(in_state(UploadState::delivering), SetAside{"odd", later, later});
  const UploadProgress& aside = t.progress;
  EXPECT_TRUE(t.changed);
  EXPECT_EQ(aside.state, UploadState::set_aside);
  EXPECT_EQ(aside.failure, "odd");
  EXPECT_FALSE(t.remove_blob);
  EXPECT_EQ(acknowledged(aside), 9U);
  EXPECT_TRUE(awaits_answer(aside.state));
  for (const Event& event : std::vector<Event>{
           Aborted{later}, AttemptFailed{8, later}, GaveUp{1, "no", later, later}, Cleared{},
           SetAside{"again", later, later}, Expired{later - 1ms}, BlobRemoved{}}) {
    EXPECT_FALSE(apply_to(aside, event).changed) << event.index();
  }
  EXPECT_TRUE(apply_to(aside, Expired{later}).remove_blob);
  const Transition refused = apply_to(aside, Refused{answer(422), later, later});
  EXPECT_EQ(refused.progress.state, UploadState::refused);
  EXPECT_FALSE(refused.remove_blob);
  struct Case {
    Event event;
    bool is_cleared;
  };
  for (const Case& back : {Case{Released{later}, true}, Case{PutBack{later}, false}}) {
    const Transition again = apply_to(aside, back.event);
    EXPECT_TRUE(again.deliver);
    EXPECT_EQ(again.progress.state, UploadState::received);
    EXPECT_EQ(again.progress.failure, "");
    EXPECT_EQ(again.progress.is_cleared, back.is_cleared) << "a retry is checked again";
  }
}

TEST(UploadState, OnlyAFileThatIsSetAsideIsReleasedOrRefused) {
  for (const UploadState state :
       {UploadState::receiving, UploadState::received, UploadState::delivering,
        UploadState::delivered, UploadState::refused, UploadState::failed, UploadState::aborted,
        UploadState::expired}) {
    EXPECT_FALSE(apply_to(in_state(state), Released{later}).changed);
    EXPECT_FALSE(apply_to(in_state(state), Refused{answer(422), later, later}).changed);
  }
}

TEST(UploadState, WhatTheChecksHaveTakenStaysTaken) {
  Transition t = apply_to(in_state(UploadState::received), Cleared{});
  EXPECT_TRUE(t.changed);
  EXPECT_TRUE(t.progress.is_cleared);
  EXPECT_FALSE(apply_to(t.progress, Cleared{}).changed);
  t = apply_to(t.progress, GaveUp{1, "no", later, later});
  EXPECT_TRUE(apply_to(t.progress, PutBack{later}).progress.is_cleared);
  EXPECT_FALSE(apply_to(of_size(file_size), Cleared{}).changed);
}

TEST(UploadState, AnAnswerWinsOverGivingUp) {
  const UploadProgress failed =
      apply_to(in_state(UploadState::delivering), GaveUp{1, "no", later, later}).progress;
  const Transition t = apply_to(failed, Answered{answer(200), true, later, later});
  EXPECT_EQ(t.progress.state, UploadState::delivered);
  EXPECT_EQ(t.progress.failure, "");
}

TEST(UploadState, OnlyUnfinishedUploadsAreAbortedOrExpire) {
  for (const UploadState state :
       {UploadState::received, UploadState::delivering, UploadState::delivered,
        UploadState::aborted, UploadState::expired}) {
    EXPECT_FALSE(apply_to(in_state(state), Aborted{later}).changed);
    EXPECT_FALSE(apply_to(in_state(state), Expired{later}).changed);
  }
  EXPECT_TRUE(apply_to(of_size(file_size), Aborted{later}).remove_blob);
  EXPECT_EQ(apply_to(of_size(file_size), Expired{later}).progress.state, UploadState::expired);
}

// In any order of events bytes never vanish, a final state never changes, and an upload with an
// answer is final.
TEST(UploadState, KeepsItsPromisesUnderRandomEvents) {
  std::mt19937 random(42);
  for (int round = 0; round < 5000; ++round) {
    UploadProgress progress = of_size(round % 2 == 0 ? std::optional(file_size) : std::nullopt);
    for (int step = 0; step < 12; ++step) {
      const std::uint64_t a = random() % 11;
      const std::uint64_t b = random() % 11;
      RangeSet some;
      some.add({std::min(a, b), std::max(a, b)});
      BytesStored sized{some, later, random() % 2 == 0};
      sized.file_size = random() % 11;
      const std::vector<Event> events{
          sized,
          BytesStored{some, later, random() % 2 == 0},
          AttemptBegan{},
          AttemptFailed{1, later, "not now"},
          GaveUp{2, "no", later, later},
          Cleared{},
          SetAside{"odd", later, later},
          Released{later},
          Refused{answer(422), later, later},
          PutBack{later},
          Answered{answer(random() % 2 == 0 ? 200 : 404), random() % 2 == 0, later, later},
          Aborted{later},
          Expired{later},
          BlobRemoved{}};
      const UploadProgress before = progress;
      const Transition t = apply_to(before, events[random() % events.size()]);
      progress = t.progress;
      ASSERT_TRUE(progress.stored.total() >= before.stored.total());
      ASSERT_TRUE(!before.file_size || progress.file_size == before.file_size);
      ASSERT_TRUE(progress.file_size || progress.state == UploadState::receiving ||
                  is_gone(progress.state));
      if (before.state == UploadState::delivered || is_gone(before.state)) {
        ASSERT_EQ(progress.state, before.state);
        ASSERT_EQ(progress.answer, before.answer);
      }
      ASSERT_EQ(progress.answer.has_value(), is_finished(progress.state));
      if (before.state == UploadState::refused && progress.state == UploadState::refused) {
        ASSERT_EQ(progress.answer, before.answer);
      }
      ASSERT_TRUE(!t.deliver || is_complete(progress));
      ASSERT_TRUE(progress.failure.empty() || progress.state == UploadState::delivering ||
                  progress.state == UploadState::failed ||
                  progress.state == UploadState::set_aside ||
                  progress.state == UploadState::expired);
      ASSERT_LE(acknowledged(progress), progress.stored.prefix());
    }
  }
}

TEST(UploadState, AnEmptySetOfRangesEndsAtZero) {
  RangeSet ranges;
  EXPECT_EQ(end_of(ranges), 0U);
  ranges.add({3, 5});
  ranges.add({7, 9});
  EXPECT_EQ(end_of(ranges), 9U);
}

}  // namespace
}  // namespace sluice::upload
