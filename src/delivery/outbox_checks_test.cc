// SPDX-License-Identifier: MIT
// What the outbox makes of the verdicts of the checks.
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/limits.h"
#include "delivery/outbox.h"
#include "support/memory_journal.h"
#include "support/run.h"

namespace sluice::delivery {
namespace {

using namespace std::chrono_literals;
using model::UploadRecord;
using model::UploadState;
using runtime::Task;

// Judges as the script says, then takes. An unset verdict stands for an error.
class ScriptedChecks final : public Checks {
 public:
  bool look_at_files_of(const std::string& owner) const override { return owner != not_looked_at; }
  Task<Result<Verdict>> judge(const Handoff& /*handoff*/) override {
    ++asked;
    std::optional<Verdict> verdict = Verdict();
    if (!script.empty()) {
      verdict = script.front();
      script.pop_front();
    }
    if (!verdict) {
      co_return fail(Errc::delivery_failed, "the checker is away");
    }
    co_return *std::move(verdict);
  }

  std::deque<std::optional<Verdict>> script;
  int asked = 0;
  std::optional<std::string> not_looked_at;  // An owner; unset: every owner's files are looked at.
};

// Answers as the script says, then 200. 0 stands for an error.
class CountingBackend final : public Backend {
 public:
  Task<Result<Delivery>> deliver(const Handoff& /*handoff*/) override {
    ++attempts;
    Delivery delivery;
    delivery.answer.status = 200;
    if (!script.empty()) {
      delivery.answer.status = script.front();
      script.pop_front();
    }
    if (delivery.answer.status == 0) {
      co_return fail(Errc::delivery_failed, "on purpose");
    }
    co_return delivery;
  }

  std::deque<int> script;
  std::size_t attempts = 0;
};

class OutboxChecksTest : public ::testing::Test, public Ledger {
 protected:
  void began(const std::string& /*token*/) override {}
  Task<Result<>> failed(std::string /*token*/, unsigned attempts, Timestamp /*next*/,
                        std::string /*reason*/) override {
    failures.push_back(attempts);
    co_return Result<>();
  }
  Task<Result<>> cleared(std::string token) override {
    EXPECT_EQ(backend.attempts, 0U) << "the backend was asked first";
    if (clearances_lost > 0) {
      --clearances_lost;
      co_return fail(Errc::storage_failed, "the journal failed on purpose");
    }
    of(token).is_cleared = true;
    co_return Result<>();
  }
  Task<Result<>> set_aside(std::string token, std::string reason) override {
    of(token).state = UploadState::set_aside;
    aside.push_back(token + ": " + reason);
    is_over.set();
    co_return Result<>();
  }
  Task<Result<>> gave_up(std::string /*token*/, unsigned /*attempts*/,
                         std::string /*reason*/) override {
    co_return fail(Errc::internal, "the test gives nothing up");
  }
  Task<Result<>> answered(std::string token, Delivery delivery) override {
    of(token).state = UploadState::delivered;
    answers[token].push_back(delivery.answer.status);
    last_answer = delivery.answer;
    is_over.set();
    co_return Result<>();
  }

  model::UploadProgress& of(const std::string& token) {
    for (auto& [id, record] : journal.uploads) {
      if (record.token == token) {
        return record.progress;
      }
    }
    ADD_FAILURE() << token;
    return journal.uploads.begin()->second.progress;
  }

  UploadRecord received(std::uint64_t id) {
    UploadRecord record;
    record.id = id;
    record.token = "token" + std::to_string(id);
    record.progress.state = UploadState::received;
    journal.uploads[id] = record;
    return record;
  }

  void run_until_over(const UploadRecord& submitted) {
    const OutboxSettings settings{.delays = {1ms, 2ms},
                                  .give_up_after = 24h * 365 * 1000,
                                  .at_once = 1,
                                  .lease = {},
                                  .checks = &checks};
    boost::asio::io_context context(1);
    Outbox outbox(journal, backend, context.get_executor(), clock, metrics, log, settings);
    outbox.open(*this);
    outbox.submit(submitted);
    EXPECT_TRUE(testing::run_in(context, is_over.wait(30s)));
    EXPECT_TRUE(testing::run_in(context, outbox.close(30s)));
  }

  testing::MemoryJournal journal;
  ScriptedChecks checks;
  CountingBackend backend;
  SystemClock clock;
  Metrics metrics;
  NullLog log;
  std::map<std::string, std::vector<int>> answers;
  std::vector<unsigned> failures;
  std::vector<std::string> aside;
  int clearances_lost = 0;
  model::Answer last_answer;
  runtime::Event is_over;
};

TEST_F(OutboxChecksTest, ACheckThatFailsIsRepeatedAndOneThatPassedIsNot) {
  checks.script = {std::nullopt, std::nullopt};
  backend.script = {503, 0};
  run_until_over(received(1));
  EXPECT_EQ(checks.asked, 3);
  EXPECT_EQ(failures, (std::vector{1U, 2U, 3U, 4U}));
  EXPECT_EQ(backend.attempts, 3U);
  EXPECT_EQ(answers["token1"], std::vector{200});
}

TEST_F(OutboxChecksTest, TheBackendGetsNothingBeforeTheVerdictIsKept) {
  clearances_lost = 2;
  run_until_over(received(1));
  EXPECT_EQ(checks.asked, 3);
  EXPECT_EQ(backend.attempts, 1U);
}

TEST_F(OutboxChecksTest, WhatHasPassedBeforeIsNotCheckedAgain) {
  UploadRecord record = received(1);
  journal.uploads.at(1).progress.is_cleared = true;
  run_until_over(record);
  EXPECT_EQ(checks.asked, 0);
  EXPECT_EQ(answers["token1"], std::vector{200});
}

TEST_F(OutboxChecksTest, FilesOfAnOwnerAtWhichNoneLooksGoOnUnseen) {
  checks.not_looked_at = "ann";
  UploadRecord record = received(1);
  record.owner = "ann";
  journal.uploads[1] = record;
  run_until_over(record);
  EXPECT_EQ(checks.asked, 0);
  EXPECT_EQ(backend.attempts, 1U);
  EXPECT_FALSE(journal.uploads.at(1).progress.is_cleared);
}

TEST_F(OutboxChecksTest, ARefusalOfTheChecksIsTheAnswer) {
  checks.script = {Verdict{Verdict::Kind::refuse, "it is \"odd\" \xff"}};
  run_until_over(received(1));
  EXPECT_EQ(answers["token1"], std::vector{422});
  EXPECT_EQ(last_answer.body,
            "{\"error\":\"Refused\",\"message\":\"it is \\\"odd\\\" \xef\xbf\xbd\"}");
  EXPECT_EQ(backend.attempts, 0U);
  EXPECT_EQ(metrics.deliveries_refused.value(), 1U);
}

TEST_F(OutboxChecksTest, WhatTheChecksSetAsideIsLeftAlone) {
  checks.script = {Verdict{Verdict::Kind::set_aside, std::string(5000, 'a')}};
  run_until_over(received(1));
  EXPECT_EQ(aside, std::vector{"token1: " + std::string(limits::failure_bytes_max, 'a')});
  EXPECT_EQ(backend.attempts, 0U);
  EXPECT_TRUE(answers.empty());
  EXPECT_EQ(checks.asked, 1);
}

}  // namespace
}  // namespace sluice::delivery
