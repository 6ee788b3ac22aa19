// SPDX-License-Identifier: MIT
#include "delivery/outbox.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <vector>

#include "base/limits.h"
#include "support/manual_clock.h"
#include "support/memory_journal.h"
#include "support/run.h"

namespace sluice::delivery {
namespace {

using namespace std::chrono_literals;
using model::UploadRecord;
using model::UploadState;
using runtime::Task;

Delivery delivery_of(int status) {
  Delivery delivery;
  delivery.answer.status = status;
  delivery.answer.body = "{}";
  return delivery;
}

// Answers as the script says, then 200 for ever. 0 stands for an error, -1 for an exception.
class ScriptedBackend final : public Backend {
 public:
  Task<Result<Delivery>> deliver(const Handoff& handoff) override {
    keys[handoff.upload_id].push_back(handoff.idempotency_key);
    most_at_once = std::max(most_at_once, ++at_once);
    co_await runtime::sleep_for(1ms);
    --at_once;
    if (clock != nullptr) {
      clock->advance(5min);
    }
    int status = 200;
    if (!script.empty()) {
      status = script.front();
      script.pop_front();
    }
    if (status < 0) {
      throw std::runtime_error("on purpose");
    }
    if (status == 0) {
      co_return fail(Errc::delivery_failed, "on purpose");
    }
    Delivery delivery = delivery_of(status);
    delivery.is_trouble = status >= 500 || trouble.contains(status) || retry_after.has_value();
    delivery.retry_after = retry_after;
    co_return delivery;
  }

  std::deque<int> script;
  std::map<std::uint64_t, std::vector<std::string>> keys;
  testing::ManualClock* clock = nullptr;  // Moved on by each attempt.
  std::set<int> trouble;
  std::optional<Duration> retry_after;
  std::size_t at_once = 0;
  std::size_t most_at_once = 0;
};

class OutboxTest : public ::testing::Test, public Ledger {
 protected:
  void began(const std::string& /*token*/) override {}
  Task<Result<>> failed(std::string /*token*/, unsigned attempts, Timestamp next,
                        std::string reason) override {
    failures.push_back(attempts);
    reasons.push_back(std::move(reason));
    next_attempts.push_back(next);
    co_return Result<>();
  }
  Task<Result<>> cleared(std::string /*token*/) override { co_return Result<>(); }
  Task<Result<>> set_aside(std::string /*token*/, std::string /*reason*/) override {
    co_return Result<>();
  }
  Task<Result<>> gave_up(std::string token, unsigned attempts, std::string reason) override {
    given_up.push_back(token + " after " + std::to_string(attempts) + ": " + reason);
    for (auto& [id, record] : journal.uploads) {
      if (record.token == token) {
        record.progress.state = UploadState::failed;
      }
    }
    if (put_back) {
      journal.uploads[put_back->id] = *put_back;
    }
    all_answered.set();
    co_return Result<>();
  }
  Task<Result<>> answered(std::string token, Delivery delivery) override {
    if (answers_lost > 0) {
      --answers_lost;
      co_return fail(Errc::storage_failed, "the journal failed on purpose");
    }
    answers[token].push_back(delivery.answer.status);
    for (auto& [id, record] : journal.uploads) {
      if (record.token == token) {
        record.progress.state = UploadState::delivered;
      }
    }
    if (answers.size() == expected) {
      all_answered.set();
    }
    co_return Result<>();
  }

  UploadRecord received(std::uint64_t id, const std::string& owner = {}) {
    UploadRecord record;
    record.id = id;
    record.owner = owner;
    record.token = "token" + std::to_string(id);
    record.progress.state = UploadState::received;
    journal.uploads[id] = record;
    return record;
  }

  void run_until_answered(std::size_t count, std::vector<UploadRecord> submitted) {
    expected = count;
    boost::asio::io_context context(1);
    Outbox outbox(journal, backend, context.get_executor(), clock, metrics, log, settings);
    outbox.open(*this);
    for (UploadRecord& record : submitted) {
      outbox.submit(std::move(record));
    }
    EXPECT_TRUE(testing::run_in(context, all_answered.wait(30s)));
    EXPECT_TRUE(testing::run_in(context, outbox.close(30s)));
  }

  testing::MemoryJournal journal;
  ScriptedBackend backend;
  SystemClock clock;
  Metrics metrics;
  NullLog log;
  std::map<std::string, std::vector<int>> answers;
  std::vector<unsigned> failures;
  std::vector<std::string> reasons;
  std::vector<Timestamp> next_attempts;
  std::vector<std::string> given_up;
  OutboxSettings settings{.delays = {1ms, 2ms}, .give_up_after = 24h * 365 * 1000};
  std::optional<UploadRecord> put_back;  // By the operator, as soon as it has been given up.
  int answers_lost = 0;
  std::size_t expected = 0;
  runtime::Event all_answered;
};

TEST_F(OutboxTest, TriesAgainAfterErrorsExceptionsAndFiveHundredsWithOneKey) {
  backend.script = {0, -1, 503};
  run_until_answered(1, {received(7)});
  EXPECT_EQ(answers["token7"], std::vector{200});
  EXPECT_EQ(failures, (std::vector{1U, 2U, 3U}));
  EXPECT_EQ(reasons,
            (std::vector<std::string>{"on purpose", "on purpose", "the backend answered 503"}));
  ASSERT_EQ(backend.keys[7].size(), 4U);
  EXPECT_EQ(backend.keys[7], std::vector(4, backend.keys[7].front()));
  EXPECT_EQ(backend.keys[7].front().find("token7"), std::string::npos);
  EXPECT_EQ(metrics.deliveries_retried.value(), 3U);
}

TEST_F(OutboxTest, AJournalThatCannotBeReadAtTheStartIsReadLater) {
  received(1);
  journal.reads_to_fail = 3;
  run_until_answered(1, {});
  EXPECT_EQ(answers["token1"], std::vector{200});
  EXPECT_EQ(journal.reads_to_fail, 0);
}

TEST_F(OutboxTest, RedirectsDecideNothing) {
  backend.script = {302, 101, 200};
  run_until_answered(1, {received(1)});
  EXPECT_EQ(answers["token1"], std::vector{200});
  EXPECT_EQ(failures, (std::vector{1U, 2U}));
}

TEST_F(OutboxTest, GivesUpWhenTheLastAttemptHasFailed) {
  settings.give_up_after = 0ms;
  backend.script = {503};
  run_until_answered(1, {received(1)});
  EXPECT_EQ(given_up, std::vector<std::string>{"token1 after 1: the backend answered 503"});
  EXPECT_TRUE(failures.empty());
  EXPECT_EQ(backend.keys[1].size(), 1U);
}

TEST_F(OutboxTest, AnotherRoundComesEvenWhileTheFirstIsEnding) {
  settings.give_up_after = 0ms;
  backend.script = {0};
  UploadRecord first = received(1);
  UploadRecord renewed = first;
  renewed.progress.handoff_since = clock.now() + 1h;
  put_back = renewed;
  expected = 1;
  run_until_answered(1, {first, renewed});
  EXPECT_EQ(given_up.size(), 1U);
  EXPECT_EQ(answers["token1"], std::vector{200});
  EXPECT_EQ(backend.keys[1].size(), 2U);
}

// Five minutes pass with every attempt.
TEST_F(OutboxTest, ABackendThatIsDownForAnHourGetsTheFileAfterwards) {
  testing::ManualClock hands;
  received(1);
  journal.uploads.at(1).progress.handoff_since = hands.now();
  backend.script = std::deque<int>(12, 0);
  backend.clock = &hands;
  settings.give_up_after = 24h;
  boost::asio::io_context context(1);
  Outbox outbox(journal, backend, context.get_executor(), hands, metrics, log, settings);
  expected = 1;
  outbox.open(*this);
  EXPECT_TRUE(testing::run_in(context, all_answered.wait(30s)));
  EXPECT_TRUE(testing::run_in(context, outbox.close(30s)));
  EXPECT_EQ(answers["token1"], std::vector{200});
  EXPECT_EQ(failures.size(), 12U);
  EXPECT_TRUE(given_up.empty());
}

TEST_F(OutboxTest, HurryEndsThePause) {
  settings.delays = {1h, 1h};
  backend.script = {0};
  received(1);
  expected = 1;
  boost::asio::io_context context(1);
  Outbox outbox(journal, backend, context.get_executor(), clock, metrics, log, settings);
  outbox.open(*this);
  const auto hurries = [](Outbox& box, std::vector<unsigned>& failed_attempts,
                          runtime::Event& answered) -> Task<bool> {
    while (failed_attempts.empty()) {
      co_await runtime::sleep_for(1ms);
    }
    for (int i = 0; i < 1000; ++i) {
      box.hurry(1);
      if (co_await answered.wait(10ms)) {
        co_return true;
      }
    }
    co_return false;
  };
  EXPECT_TRUE(testing::run_in(context, hurries(outbox, failures, all_answered)));
  EXPECT_TRUE(testing::run_in(context, outbox.close(30s)));
  EXPECT_EQ(backend.keys[1].size(), 2U);
}

// Checks the times that the outbox chooses for the next attempt.
TEST_F(OutboxTest, RetryAfterIsRespectedUpToTheLongestPause) {
  settings.delays = {1s, 5min};
  const struct {
    Duration asked;
    Duration shortest;
    Duration longest;
  } cases[] = {{0s, 500ms, 1s}, {2min, 2min, 2min}, {24h, 5min, 5min}};
  for (const auto& row : cases) {
    testing::ManualClock hands;
    failures.clear();
    next_attempts.clear();
    received(1);
    journal.uploads.at(1).progress.handoff_since = hands.now();
    settings.give_up_after = 48h;
    backend.script = {429};
    backend.retry_after = row.asked;
    boost::asio::io_context context(1);
    Outbox outbox(journal, backend, context.get_executor(), hands, metrics, log, settings);
    outbox.open(*this);
    const auto until_failed = [](const std::vector<unsigned>& failed_attempts) -> Task<> {
      while (failed_attempts.empty()) {
        co_await runtime::sleep_for(1ms);
      }
    };
    testing::run_in(context, until_failed(failures));
    EXPECT_TRUE(testing::run_in(context, outbox.close(30s)));
    ASSERT_FALSE(next_attempts.empty());
    EXPECT_GE(next_attempts.front() - hands.now(), row.shortest);
    EXPECT_LE(next_attempts.front() - hands.now(), row.longest);
  }
  EXPECT_TRUE(answers.empty());
}

TEST_F(OutboxTest, TroubleIsNoAnswer) {
  backend.script = {404, 429, 200};
  backend.trouble = {404, 429};
  run_until_answered(1, {received(1)});
  EXPECT_EQ(answers["token1"], std::vector{200});
  EXPECT_EQ(failures, (std::vector{1U, 2U}));
  EXPECT_EQ(metrics.deliveries_refused.value(), 0U);
}

TEST_F(OutboxTest, FourHundredsAreFinal) {
  backend.script = {422};
  run_until_answered(1, {received(1)});
  EXPECT_EQ(answers["token1"], std::vector{422});
  EXPECT_EQ(metrics.deliveries_refused.value(), 1U);
}

TEST_F(OutboxTest, TakesUpWhatAnEarlierProcessLeft) {
  for (std::uint64_t id = 1; id <= 250; ++id) {
    received(id);
  }
  settings.at_once = 3;
  run_until_answered(250, {});
  EXPECT_EQ(answers.size(), 250U);
  EXPECT_EQ(backend.most_at_once, 3U);
}

// The backend answers the first owner's hand-offs only after the other owner's.
class OutboxOfTwoOwnersTest : public OutboxTest {
 protected:
  class PickyBackend final : public Backend {
   public:
    Task<Result<Delivery>> deliver(const Handoff& handoff) override {
      if (handoff.owner == "greedy") {
        ++greedy_begun;
        const std::shared_ptr<runtime::Event> ends = gone_on ? let_all : let_one;
        co_await ends->wait(1min);
      } else {
        ++others_begun;
        let_all->set();
      }
      co_return delivery_of(200);
    }

    std::shared_ptr<runtime::Event> let_one = std::make_shared<runtime::Event>();
    std::shared_ptr<runtime::Event> let_all = std::make_shared<runtime::Event>();
    bool gone_on = false;
    std::size_t greedy_begun = 0;
    std::size_t others_begun = 0;
  };

  // As soon as one of the greedy owner's slots is free.
  Task<bool> other_is_served() {
    while (picky.greedy_begun < settings.at_once) {
      co_await runtime::sleep_for(1ms);
    }
    picky.gone_on = true;
    picky.let_one->set();
    co_return co_await picky.let_all->wait(30s);
  }

  PickyBackend picky;
};

TEST_F(OutboxOfTwoOwnersTest, AFileBehindAThousandOfAnotherOwnerHasTheNextTurn) {
  std::vector<UploadRecord> records;
  for (std::uint64_t id = 1; id <= 1500; ++id) {
    records.push_back(received(id, "greedy"));
  }
  records.push_back(received(1501, "single"));
  settings.at_once = 1;
  boost::asio::io_context context(1);
  Outbox outbox(journal, picky, context.get_executor(), clock, metrics, log, settings);
  outbox.open(*this);
  for (UploadRecord& record : records) {
    outbox.submit(std::move(record));
  }
  EXPECT_TRUE(testing::run_in(context, other_is_served()));
  EXPECT_LE(picky.greedy_begun, 2U);
  expected = 1501;
  EXPECT_TRUE(testing::run_in(context, all_answered.wait(30s)));
  EXPECT_TRUE(testing::run_in(context, outbox.close(30s)));
}

TEST_F(OutboxOfTwoOwnersTest, SoItIsAfterARestart) {
  for (std::uint64_t id = 1; id <= 1500; ++id) {
    received(id, "greedy");
  }
  received(1501, "single");
  settings.at_once = 1;
  boost::asio::io_context context(1);
  Outbox outbox(journal, picky, context.get_executor(), clock, metrics, log, settings);
  outbox.open(*this);
  EXPECT_TRUE(testing::run_in(context, other_is_served()));
  expected = 1501;
  EXPECT_TRUE(testing::run_in(context, all_answered.wait(30s)));
  EXPECT_TRUE(testing::run_in(context, outbox.close(30s)));
}

TEST_F(OutboxTest, SubmittedTwiceIsDeliveredOnce) {
  const UploadRecord record = received(3);
  run_until_answered(1, {record, record});
  EXPECT_EQ(backend.keys[3].size(), 1U);
}

TEST_F(OutboxTest, AnAnswerThatCouldNotBeKeptIsAskedForAgain) {
  answers_lost = 1;
  run_until_answered(1, {received(5)});
  EXPECT_EQ(answers["token5"], std::vector{200});
  EXPECT_EQ(backend.keys[5].size(), 2U);
}

TEST_F(OutboxTest, ClosingDoesNotWaitForBackOff) {
  boost::asio::io_context context(1);
  settings.delays = {1h, 1h};
  Outbox outbox(journal, backend, context.get_executor(), clock, metrics, log, settings);
  backend.script = {0};
  outbox.open(*this);
  outbox.submit(received(9));
  const auto until_failed = [](const std::vector<unsigned>& failed_attempts) -> Task<> {
    while (failed_attempts.empty()) {
      co_await runtime::sleep_for(1ms);
    }
  };
  testing::run_in(context, until_failed(failures));
  EXPECT_TRUE(testing::run_in(context, outbox.close(30s)));
  EXPECT_TRUE(answers.empty());
}

bool claims(journal::Journal& journal, const char* node, std::uint64_t id) {
  const journal::Lease lease{node, 1h};
  return !testing::run(journal.claim(journal::Work::delivery, {id}, lease))->empty();
}

TEST_F(OutboxTest, WhatAnotherNodeHoldsIsAttemptedWhenItsLeaseHasEnded) {
  const UploadRecord record = received(1);
  ASSERT_TRUE(claims(journal, "another", 1));
  settings.lease.duration = 2ms;
  boost::asio::io_context context(1);
  Outbox outbox(journal, backend, context.get_executor(), clock, metrics, log, settings);
  outbox.open(*this);
  outbox.submit(record);
  expected = 1;
  EXPECT_FALSE(testing::run_in(context, all_answered.wait(20ms)));
  EXPECT_TRUE(backend.keys.empty());
  journal.lease_clock.advance(1h);
  EXPECT_TRUE(testing::run_in(context, all_answered.wait(30s)));
  EXPECT_TRUE(testing::run_in(context, outbox.close(30s)));
}

TEST_F(OutboxTest, AJournalThatWasAwayIsAskedAgainBeforeALeaseHasEnded) {
  settings.lease.duration = 1h;
  journal.claims_to_fail = 2;
  run_until_answered(1, {received(1)});
  EXPECT_EQ(backend.keys[1].size(), 1U);
}

TEST_F(OutboxTest, ANodeTakesUpAtOnceWhatItHeldBeforeItsEnd) {
  received(1);
  ASSERT_TRUE(claims(journal, settings.lease.node.c_str(), 1));
  run_until_answered(1, {});
  EXPECT_EQ(backend.keys[1].size(), 1U);
  EXPECT_TRUE(claims(journal, "another", 1)) << "it is given back after the attempt";
}

TEST_F(OutboxTest, WhatAnotherNodeHasDeliveredIsNotAttempted) {
  const UploadRecord record = received(1);
  journal.uploads.at(1).progress.state = UploadState::delivered;
  run_until_answered(1, {record, received(2)});
  EXPECT_FALSE(backend.keys.contains(1));
  EXPECT_TRUE(claims(journal, "another", 1));
}

TEST_F(OutboxTest, AttemptsOfOtherNodesCount) {
  const UploadRecord record = received(1);
  journal.uploads.at(1).progress.attempts = 3;
  backend.script = {0};
  run_until_answered(1, {record});
  EXPECT_EQ(failures, std::vector{4U});
}

// The journal's clock goes on by less than a lease at a time, and by more in all.
TEST_F(OutboxTest, ALongAttemptRenewsItsClaim) {
  settings.lease.duration = 3ms;
  class SlowBackend final : public Backend {
   public:
    explicit SlowBackend(testing::MemoryJournal& journal) : journal_(journal) {}
    Task<Result<Delivery>> deliver(const Handoff& handoff) override {
      for (int i = 0; i < 5; ++i) {
        journal_.lease_clock.advance(2ms);
        co_await runtime::sleep_for(20ms);
        taken += claims(journal_, "another", handoff.upload_id) ? 1 : 0;
      }
      co_return delivery_of(200);
    }
    int taken = 0;

   private:
    testing::MemoryJournal& journal_;
  };
  SlowBackend slow(journal);
  received(1);
  expected = 1;
  boost::asio::io_context context(1);
  Outbox outbox(journal, slow, context.get_executor(), clock, metrics, log, settings);
  outbox.open(*this);
  EXPECT_TRUE(testing::run_in(context, all_answered.wait(30s)));
  EXPECT_TRUE(testing::run_in(context, outbox.close(30s)));
  EXPECT_EQ(slow.taken, 0);
}

}  // namespace
}  // namespace sluice::delivery
