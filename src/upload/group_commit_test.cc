// SPDX-License-Identifier: MIT
#include "upload/group_commit.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "support/memory_journal.h"
#include "support/run.h"

namespace sluice::upload {
namespace {

using model::UploadProgress;
using model::UploadState;

BytesStored bytes(std::uint64_t begin, std::uint64_t end) {
  BytesStored event;
  event.ranges.add({begin, end});
  return event;
}

journal::Change a_video() {
  model::VideoRecord record;
  record.id = "v";
  return journal::PutVideo{std::move(record)};
}

class GroupCommitTest : public ::testing::Test {
 protected:
  using Outcome = std::optional<Result<Transition>>;

  static model::UploadRecord record() {
    model::UploadRecord upload;
    upload.id = 1;
    upload.progress.file_size = 100;
    return upload;
  }
  GroupCommitTest() { journal_.uploads.emplace(1, record()); }

  Result<Transition> commit(Event event, std::vector<journal::Change> together = {}) {
    return testing::run_in(context_, changes_.commit(std::move(event), std::move(together)));
  }
  // Runs beside others; the outcome is set at its end.
  runtime::Task<> keep_outcome(Event event, Outcome* outcome) {
    outcome->emplace(co_await changes_.commit(std::move(event), {}));
  }
  void start(Event event, Outcome& outcome) {
    runtime::start(context_.get_executor(), log_, "change",
                   keep_outcome(std::move(event), &outcome));
    context_.restart();
    context_.poll();
  }
  void open_gate() {
    journal_.gate->set();
    const std::shared_ptr<runtime::Event> gate = std::exchange(journal_.gate, nullptr);
    while (waiting() > 0) {
      context_.restart();
      context_.run_one_for(std::chrono::milliseconds(10));
    }
  }
  std::size_t waiting() const { return (first_ ? 0 : 1) + (second_ ? 0 : 1) + (third_ ? 0 : 1); }

  // A change by another engine.
  void change_elsewhere(const Event& event) {
    UploadProgress& progress = journal_.uploads.at(1).progress;
    const std::uint64_t version = progress.version;
    progress = apply_to(std::move(progress), event).progress;
    progress.version = version + 1;
  }
  UploadProgress durable() { return journal_.uploads.at(1).progress; }
  UploadProgress known() {
    return changes_.look([](const model::UploadRecord& known) { return known.progress; });
  }

  boost::asio::io_context context_{1};
  NullLog log_;
  testing::MemoryJournal journal_;
  NoAnnouncer announcer_;
  std::vector<UploadState> observed_;
  GroupCommit changes_{record(), journal_, announcer_,
                       [this](const UploadProgress& newer) { observed_.push_back(newer.state); }};
  Outcome first_;
  Outcome second_;
  Outcome third_;
};

TEST_F(GroupCommitTest, ChangesThatComeDuringACommitShareTheNext) {
  journal_.gate = std::make_shared<runtime::Event>();
  start(bytes(0, 10), first_);
  start(bytes(10, 20), second_);
  start(bytes(20, 100), third_);
  EXPECT_EQ(journal_.at_gate, 1U);
  EXPECT_TRUE(known().stored.empty()) << "it is not durable yet";
  open_gate();
  ASSERT_TRUE(*first_ && *second_ && *third_);
  EXPECT_EQ(journal_.commits, 2U);
  EXPECT_FALSE((*second_)->deliver);
  EXPECT_TRUE((*third_)->deliver) << "its own change completed the file";
  EXPECT_EQ(known(), durable());
  EXPECT_EQ(known().version, 2U);
  EXPECT_EQ(observed_, (std::vector{UploadState::receiving, UploadState::received}));
}

TEST_F(GroupCommitTest, AFailedCommitTakesBackWhatGatheredBehindIt) {
  journal_.gate = std::make_shared<runtime::Event>();
  journal_.commits_to_refuse = 1;
  start(bytes(0, 10), first_);
  start(bytes(10, 20), second_);
  start(Aborted{}, third_);
  open_gate();
  for (const Outcome& outcome : {first_, second_, third_}) {
    ASSERT_FALSE(*outcome);
    EXPECT_EQ(outcome->error().code(), Errc::disk_full);
  }
  EXPECT_EQ(journal_.commits, 0U);
  EXPECT_EQ(known(), record().progress);
  ASSERT_TRUE(commit(bytes(10, 20)));
  EXPECT_FALSE(durable().stored.contains({0, 10})) << "it is named by no later commit";
  EXPECT_EQ(durable().state, UploadState::receiving);
  EXPECT_EQ(known(), durable());
}

TEST_F(GroupCommitTest, AChangeThatComesTooLateIsNoCommit) {
  ASSERT_TRUE(commit(Aborted{}));
  const Result<Transition> late = commit(bytes(0, 10), {a_video()});
  ASSERT_TRUE(late);
  EXPECT_FALSE(late->changed);
  EXPECT_EQ(journal_.commits, 1U);
  EXPECT_TRUE(journal_.videos.empty());
}

TEST_F(GroupCommitTest, AChangeThatLostARaceIsAppliedToWhatCameFirst) {
  change_elsewhere(bytes(50, 100));
  const Result<Transition> stored = commit(bytes(0, 50));
  ASSERT_TRUE(stored);
  EXPECT_TRUE(stored->deliver) << "with what the other engine stored the file is complete";
  EXPECT_EQ(durable().state, UploadState::received);
  EXPECT_EQ(durable().stored.prefix(), 100U);
  EXPECT_EQ(known(), durable());
}

TEST_F(GroupCommitTest, AllChangesOfALostCommitAreAppliedAgainInTheirOrder) {
  journal_.gate = std::make_shared<runtime::Event>();
  start(bytes(0, 10), first_);
  start(bytes(10, 20), second_);
  start(bytes(20, 30), third_);
  change_elsewhere(bytes(90, 100));
  open_gate();
  ASSERT_TRUE(*first_ && *second_ && *third_);
  EXPECT_EQ(durable().stored.prefix(), 30U);
  EXPECT_TRUE(durable().stored.contains({90, 100}));
}

TEST_F(GroupCommitTest, ARaceLostToTheEndOfTheUploadChangesNothing) {
  change_elsewhere(Aborted{});
  const Result<Transition> stored = commit(bytes(0, 100), {a_video()});
  ASSERT_TRUE(stored);
  EXPECT_FALSE(stored->changed);
  EXPECT_FALSE(stored->deliver);
  EXPECT_TRUE(journal_.videos.empty());
  EXPECT_EQ(known().state, UploadState::aborted);
  EXPECT_EQ(observed_, std::vector{UploadState::aborted});
}

TEST_F(GroupCommitTest, OfTwoAnswersTheFirstCountsAndWhatRidesWithIt) {
  ASSERT_TRUE(commit(bytes(0, 100)));
  Answered first;
  first.answer.status = 200;
  first.answer.body = "first";
  change_elsewhere(first);
  Answered second = first;
  second.answer.body = "second";
  const Result<Transition> answered = commit(std::move(second), {a_video()});
  ASSERT_TRUE(answered);
  EXPECT_FALSE(answered->changed);
  EXPECT_EQ(known().answer->body, "first");
  EXPECT_TRUE(journal_.videos.empty());
}

TEST_F(GroupCommitTest, ARaceThatIsLostAgainAndAgainIsGivenUp) {
  int tries = 0;
  journal_.meanwhile = [&] {
    ++tries;
    change_elsewhere(bytes(0, 1));
  };
  const Result<Transition> stored = commit(bytes(0, 50));
  ASSERT_FALSE(stored);
  EXPECT_EQ(stored.error().code(), Errc::conflict);
  EXPECT_EQ(tries, limits::commit_tries_max);
  journal_.meanwhile = nullptr;
  EXPECT_TRUE(commit(bytes(0, 50))) << "later it may be won";
}

TEST_F(GroupCommitTest, ACommitWithAnUnknownOutcomeIsFoundByTheNext) {
  journal_.failing = true;
  ASSERT_EQ(commit(bytes(0, 50)).error().code(), Errc::storage_failed);
  EXPECT_TRUE(known().stored.empty());
  change_elsewhere(bytes(0, 50));  // The commit with the unknown outcome is made.
  journal_.failing = false;
  ASSERT_TRUE(commit(bytes(50, 100)));
  EXPECT_EQ(known().stored.prefix(), 100U);
}

TEST_F(GroupCommitTest, RefreshingTellsWhatIsNewerAndNeverGoesBack) {
  change_elsewhere(bytes(0, 50));
  ASSERT_TRUE(testing::run_in(context_, changes_.refresh()));
  EXPECT_EQ(known(), durable());
  journal_.uploads.at(1).progress = {};
  ASSERT_TRUE(testing::run_in(context_, changes_.refresh()));
  EXPECT_EQ(known().stored.prefix(), 50U);
  journal_.uploads.clear();
  EXPECT_EQ(testing::run_in(context_, changes_.refresh()).error().code(), Errc::not_found);
}

TEST_F(GroupCommitTest, WhatIsNotedDuringACommitStays) {
  ASSERT_TRUE(commit(bytes(0, 100)));
  journal_.gate = std::make_shared<runtime::Event>();
  second_.emplace(Transition());
  third_.emplace(Transition());
  start(AttemptFailed{.attempts = 1, .next_attempt_at = {}}, first_);
  changes_.note(AttemptBegan{});
  open_gate();
  EXPECT_EQ(known().state, UploadState::delivering);
  EXPECT_EQ(known().attempts, 1U);
}

}  // namespace
}  // namespace sluice::upload
