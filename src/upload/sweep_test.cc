// SPDX-License-Identifier: MIT
#include "upload/sweep.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <deque>
#include <string>
#include <vector>

#include "support/recording_log.h"
#include "support/run.h"

namespace sluice::upload {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

class SweepTest : public ::testing::Test {
 protected:
  runtime::Task<> clean() {
    steps_.emplace_back("clean");
    co_return;
  }
  runtime::Task<Result<Reaped>> reap() {
    steps_.emplace_back("reap");
    Result<Reaped> next = Reaped{};
    if (!reaped_.empty()) {
      next = reaped_.front();
      reaped_.pop_front();
    }
    if (steps_.size() >= steps_max_) {
      sweep_.drain();
    }
    co_return next;
  }
  // Until `steps_max` steps are done; the sweep ends then.
  Lines run(std::size_t steps_max) {
    steps_max_ = steps_max;
    sweep_.start();
    context_.run();
    return steps_;
  }

  boost::asio::io_context context_{1};
  testing::RecordingLog log_;
  std::deque<Result<Reaped>> reaped_;
  Lines steps_;
  std::size_t steps_max_ = 0;
  Sweep sweep_{
      context_.get_executor(), {[this] { return clean(); }, [this] { return reap(); }}, 1ms, log_};
};

TEST_F(SweepTest, ARoundCleansOnceAndReapsUntilNothingIsDue) {
  reaped_ = {Reaped{.has_more = true}, Reaped{.has_more = true}, Reaped{}};
  EXPECT_EQ(run(6), (Lines{"clean", "reap", "reap", "reap", "clean", "reap"}));
}

TEST_F(SweepTest, AJournalThatCannotBeReadEndsTheRound) {
  reaped_ = {fail(Errc::storage_failed, "no journal")};
  EXPECT_EQ(run(4), (Lines{"clean", "reap", "clean", "reap"}));
  EXPECT_EQ(log_.lines, Lines{"the reaper could not read the journal reason=no journal"});
}

TEST_F(SweepTest, ADrainedSweepBeginsNothing) {
  sweep_.drain();
  EXPECT_EQ(run(2), Lines{});
}

}  // namespace
}  // namespace sluice::upload
