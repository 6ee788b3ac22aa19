// SPDX-License-Identifier: MIT
#include "hooks/notifier.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>

#include "support/manual_clock.h"
#include "support/memory_journal.h"
#include "support/run.h"
#include "support/scripted_sender.h"

namespace sluice::hooks {
namespace {

using model::UploadState;
using testing::answer_of;
using testing::ScriptedSender;

class NotifierTest : public ::testing::Test {
 protected:
  NotifierTest() {
    settings.receivers[Event::created] = *outgoing::parse_target("http://app.example/created");
    settings.receivers[Event::aborted] = *outgoing::parse_target("http://app.example/aborted");
    settings.delays = {std::chrono::milliseconds(1), std::chrono::milliseconds(1)};
    restart();
  }

  // A new process with the same journal.
  void restart() {
    notifier = std::make_unique<Notifier>(journal, sender, context.get_executor(), clock, clock,
                                          log, settings);
  }

  // As the engine does it: the change of state and its notification in one commit.
  void turn(std::uint64_t id, std::optional<UploadState> before, UploadState after,
            const char* file_name = "film.mp4") {
    model::UploadRecord record;
    record.id = id;
    record.file_name = file_name;
    record.token = "token " + std::to_string(id);
    record.parameters = "{}";
    record.origin = "{}";
    model::UploadProgress old;
    old.state = before.value_or(UploadState::receiving);
    model::UploadProgress progress;
    progress.state = after;
    auto changes = notifier->announcements(record, before ? &old : nullptr, progress);
    if (!changes.empty()) {
      ASSERT_TRUE(testing::run_in(context, journal.commit(std::move(changes))));
      notifier->announced();
    }
  }

  // Delivers notifications until `enough`, with a clock that goes on.
  void tell_until(const std::function<bool()>& enough) {
    notifier->open();
    testing::run_in(context, wait_until(enough));
    EXPECT_TRUE(testing::run_in(context, notifier->close(std::chrono::seconds(10))));
  }
  runtime::Task<> wait_until(std::function<bool()> enough) {
    while (!enough()) {
      clock.advance(std::chrono::milliseconds(1));
      co_await runtime::sleep_for(std::chrono::milliseconds(1));
    }
  }
  bool all_told() const { return journal.notifications.empty(); }

  boost::asio::io_context context{1};
  testing::MemoryJournal journal;
  ScriptedSender sender;
  testing::ManualClock clock;
  NullLog log;
  HookSettings settings;
  std::unique_ptr<Notifier> notifier;
};

TEST_F(NotifierTest, NobodyIsToldOfAFileThatIsStillNobodys) {
  turn(1, std::nullopt, UploadState::receiving, "");
  turn(1, UploadState::receiving, UploadState::aborted, "");
  EXPECT_TRUE(journal.notifications.empty());
}

TEST_F(NotifierTest, TellsNothingThatCannotBeWrittenDown) {
  turn(1, std::nullopt, UploadState::receiving);
  journal.failing = true;
  int turns = 0;
  tell_until([&] { return ++turns > 20; });
  EXPECT_TRUE(sender.requests.empty());

  journal.failing = false;
  restart();
  tell_until([&] { return all_told(); });
  EXPECT_EQ(sender.requests.size(), 1U);
}

TEST_F(NotifierTest, TellsEachTurnToItsReceiver) {
  settings.secret = "s";
  restart();
  turn(7, std::nullopt, UploadState::receiving);
  turn(7, UploadState::receiving, UploadState::received);
  turn(7, UploadState::receiving, UploadState::aborted);
  turn(8, UploadState::receiving, UploadState::expired);
  tell_until([&] { return all_told(); });
  ASSERT_EQ(sender.requests.size(), 2U);
  EXPECT_EQ(sender.requests[0].target.path, "/created");
  EXPECT_EQ(sender.requests[1].target.path, "/aborted");
  EXPECT_EQ(sender.header(1, "X-Sluice-Event"), "aborted");
  EXPECT_EQ(sender.header(1, "X-Sluice-Upload-Id"), "7");
  EXPECT_NE(sender.header(0, "Idempotency-Key"), sender.header(1, "Idempotency-Key"));
  EXPECT_TRUE(sender.header(0, "X-Sluice-Signature").starts_with("t="));
  EXPECT_EQ(sender.body(0).find("token"), std::string::npos) << "the token is a secret";
}

TEST_F(NotifierTest, RepeatsWithTheSameKeyAndKeepsTheOrderOfAnUpload) {
  sender.answers = {fail(Errc::delivery_failed, "refused"), answer_of(500), answer_of(404)};
  turn(1, std::nullopt, UploadState::receiving);
  turn(1, UploadState::receiving, UploadState::aborted);
  tell_until([&] { return all_told(); });
  ASSERT_EQ(sender.requests.size(), 5U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(sender.requests[i].target.path, "/created");
    EXPECT_EQ(sender.header(i, "Idempotency-Key"), sender.header(0, "Idempotency-Key"));
  }
  EXPECT_EQ(sender.requests[4].target.path, "/aborted");
}

TEST_F(NotifierTest, AnUploadThatCannotBeToldDoesNotHoldUpOthers) {
  sender.answers = {answer_of(500), answer_of(200)};
  turn(1, std::nullopt, UploadState::receiving);
  turn(2, std::nullopt, UploadState::receiving);
  tell_until([&] { return all_told(); });
  ASSERT_EQ(sender.requests.size(), 3U);
  EXPECT_EQ(sender.header(1, "X-Sluice-Upload-Id"), "2");
  EXPECT_EQ(sender.header(2, "X-Sluice-Upload-Id"), "1");
}

TEST_F(NotifierTest, GoesOnAfterARestart) {
  sender.answers = {fail(Errc::draining, "the program ends")};
  turn(1, std::nullopt, UploadState::receiving);
  tell_until([&] { return sender.requests.size() == 1; });
  EXPECT_EQ(journal.notifications.size(), 1U);
  restart();
  tell_until([&] { return all_told(); });
  EXPECT_EQ(sender.header(0, "Idempotency-Key"), sender.header(1, "Idempotency-Key"));
}

TEST_F(NotifierTest, GivesUpWhenItIsTooOld) {
  settings.give_up_after = std::chrono::hours(1);
  restart();
  turn(1, std::nullopt, UploadState::receiving);
  clock.advance(std::chrono::hours(1));
  sender.answers = {answer_of(500)};
  tell_until([&] { return all_told(); });
  EXPECT_EQ(sender.requests.size(), 1U);
}

TEST_F(NotifierTest, ForgetsWhatNobodyListensForAnyMore) {
  turn(1, std::nullopt, UploadState::receiving);
  settings.receivers.clear();
  restart();
  tell_until([&] { return all_told(); });
  EXPECT_TRUE(sender.requests.empty());
}

TEST_F(NotifierTest, WhatAnotherNodeTellsIsLeftToIt) {
  turn(1, std::nullopt, UploadState::receiving);
  const journal::Lease lease{"another", std::chrono::hours(1)};
  const auto held = testing::run(
      journal.claim(journal::Work::notification, {journal.notifications.begin()->first}, lease));
  ASSERT_EQ(held->size(), 1U);
  int turns = 0;
  tell_until([&] { return ++turns > 20; });
  EXPECT_TRUE(sender.requests.empty());
  journal.lease_clock.advance(lease.duration);
  restart();
  tell_until([&] { return all_told(); });
  EXPECT_EQ(sender.requests.size(), 1U);
}

}  // namespace
}  // namespace sluice::hooks
