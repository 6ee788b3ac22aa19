// SPDX-License-Identifier: MIT
#include "upload/sync_rounds.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <deque>
#include <future>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/worker.h"
#include "support/recording_log.h"

namespace sluice::upload {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

const Result<bool> a_failure = fail(Errc::storage_failed, "no disk");
const char* const complaint = "acknowledged bytes are not synced reason=no disk";

class SyncRoundsTest : public ::testing::Test {
 protected:
  ~SyncRoundsTest() override { worker_.stop(); }

  // Rounds with scripted ends; a further round leaves nothing unsynced.
  void start(runtime::Executor executor, const SyncRounds::Settings& settings,
             std::deque<Result<bool>> results) {
    results_ = std::move(results);
    rounds_.emplace(std::move(executor), [this] { return round(); }, settings, log_);
    rounds_->start();
  }
  runtime::Task<Result<bool>> round() {
    ++count_;
    Result<bool> next = false;
    if (!results_.empty()) {
      next = results_.front();
      results_.pop_front();
      if (results_.empty()) {
        through_.set_value();
      }
    }
    co_return next;
  }

  testing::RecordingLog log_;
  std::deque<Result<bool>> results_;
  int count_ = 0;
  std::promise<void> through_;        // All scripted rounds have ended.
  std::optional<SyncRounds> rounds_;  // Outlives the loops.
  boost::asio::io_context context_{1};
  runtime::Worker worker_{"worker", log_};
};

TEST_F(SyncRoundsTest, GoOnWhileSyncsAreDeferredAndComeOnceMoreAtTheEnd) {
  start(worker_.executor(), {.interval = 1ms, .defers = true}, {false, false, false});
  through_.get_future().wait();
  rounds_->drain();
  EXPECT_GE(count_, 4);
}

// Runs the loop until it has no handler left.
TEST_F(SyncRoundsTest, EndWithTheFirstThatLeavesNothingWhereNoneIsDeferred) {
  start(context_.get_executor(), {.interval = 1ms, .defers = false}, {true, a_failure, false});
  context_.run();
  EXPECT_EQ(count_, 3);
  rounds_->drain();
  EXPECT_EQ(count_, 3) << "nothing is left to sync";
}

TEST_F(SyncRoundsTest, SayOnceThatTheyFail) {
  start(worker_.executor(), {.interval = 1ms, .defers = true},
        {a_failure, a_failure, false, a_failure, false});
  through_.get_future().wait();
  rounds_->drain();
  EXPECT_EQ(log_.lines, (Lines{complaint, complaint}));
}

TEST_F(SyncRoundsTest, SayThatTheLastOneFails) {
  start(worker_.executor(), {.interval = 1h, .defers = true}, {a_failure});
  rounds_->drain();
  EXPECT_EQ(log_.lines, Lines{complaint});
}

}  // namespace
}  // namespace sluice::upload
