// SPDX-License-Identifier: MIT
#include "base/steady_clock.h"

#include <gtest/gtest.h>

#include <chrono>

#include "base/limits.h"
#include "support/manual_clock.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;

class CountingLog final : public Log {
 public:
  void write(LogLevel /*level*/, std::string_view /*event*/,
             LogFields /*fields*/) noexcept override {
    ++lines;
  }
  int lines = 0;
};

class SteadyClockTest : public ::testing::Test {
 protected:
  SteadyClockTest() { pass(1h); }

  // Lets time pass, and reads the clock now and then.
  void pass(Duration time) {
    for (; time > Duration::zero(); time -= 1min) {
      wall.advance(1min);
      boot.advance(1min);
      may_delete = clock.may_delete();
    }
  }
  void set_by(Duration step) {
    wall.advance(step);
    may_delete = clock.may_delete();
  }

  testing::ManualClock wall;
  testing::ManualClock boot;
  CountingLog log;
  SteadyClock clock{wall, boot, log, 15min};
  bool may_delete = false;
};

TEST_F(SteadyClockTest, GoesWithTheWallClock) {
  EXPECT_EQ(clock.now(), wall.now());
  EXPECT_TRUE(may_delete);
  pass(24h * 30);
  EXPECT_EQ(clock.now(), wall.now());
  EXPECT_TRUE(may_delete);
  EXPECT_EQ(log.lines, 0);
}

TEST_F(SteadyClockTest, TwoDaysAheadForThreeSecondsAreNoTime) {
  const Timestamp before = clock.now();
  set_by(48h);
  EXPECT_FALSE(may_delete);
  EXPECT_EQ(clock.now(), before);
  EXPECT_EQ(log.lines, 1);
  wall.advance(3s);
  boot.advance(3s);
  EXPECT_EQ(clock.now(), before + 3s);
  set_by(-48h);
  EXPECT_FALSE(may_delete);
  EXPECT_EQ(log.lines, 2);
  EXPECT_EQ(clock.now(), wall.now());
  pass(14min);
  EXPECT_FALSE(may_delete);
  pass(1min);
  EXPECT_TRUE(may_delete) << "it has never gone ahead";
  EXPECT_EQ(log.lines, 2);
}

TEST_F(SteadyClockTest, AStepThatNobodySeesDoesNothing) {
  const Timestamp before = clock.now();
  wall.advance(48h);
  EXPECT_EQ(clock.now(), before);
  wall.advance(-48h);
  EXPECT_TRUE(clock.may_delete());
}

TEST_F(SteadyClockTest, ADayBackForAMomentMakesNothingOlderAfterwards) {
  set_by(-24h);
  const Timestamp written = clock.now();
  pass(5min);
  set_by(24h);
  pass(1h);
  EXPECT_EQ(clock.now() - written, 1h + 5min);
}

TEST_F(SteadyClockTest, ATimeThatProvesToBeRightIsTakenOver) {
  set_by(6h);
  pass(14min);
  EXPECT_EQ(clock.now(), wall.now() - 6h);
  pass(1min);
  EXPECT_EQ(clock.now(), wall.now());
  EXPECT_FALSE(may_delete) << "what is from before seems six hours older than it is";
  pass(6h - 1min);
  EXPECT_FALSE(may_delete);
  pass(1min);
  EXPECT_TRUE(may_delete);
  set_by(-24h);
  pass(15min);
  EXPECT_EQ(clock.now(), wall.now());
  EXPECT_TRUE(may_delete) << "what is from before lives longer";
}

TEST_F(SteadyClockTest, ExpiryIsNotHeldUpForEver) {
  set_by(24h * 365 * 50);
  pass(15min + limits::clock_set_ahead_kept_max);
  EXPECT_TRUE(may_delete);
}

TEST_F(SteadyClockTest, TheSleepOfTheMachineIsTime) {
  const Timestamp before = clock.now();
  wall.advance(8h);
  boot.advance(8h);
  EXPECT_TRUE(clock.may_delete());
  EXPECT_EQ(clock.now(), before + 8h);
}

TEST_F(SteadyClockTest, AStartProvesNothing) {
  SteadyClock started(wall, boot, log, 15min);
  EXPECT_FALSE(started.may_delete());
  wall.advance(-48h);
  EXPECT_FALSE(started.may_delete()) << "the time service corrects what the start has found";
  boot.advance(15min);
  wall.advance(15min);
  EXPECT_TRUE(started.may_delete());
  EXPECT_EQ(started.now(), wall.now());
}

TEST(BootClock, GoesForward) {
  const BootClock clock;
  const Timestamp before = clock.now();
  EXPECT_GT(before, Timestamp());
  EXPECT_GE(clock.now(), before);
}

}  // namespace
}  // namespace sluice
