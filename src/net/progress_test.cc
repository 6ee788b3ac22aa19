// SPDX-License-Identifier: MIT
#include "net/progress.h"

#include <gtest/gtest.h>

namespace sluice::net {
namespace {

using namespace std::chrono_literals;

constexpr Patience patience{.idle = 60s, .window = 120s, .bytes = 1000};

// Waits once after `moved` bytes. Returns the verdict before the wait.
bool wait(Progress& progress, std::uint64_t moved, std::chrono::milliseconds spent) {
  const Result<> good = progress.before_wait(moved);
  EXPECT_LE(spent, progress.wait_max());
  progress.waited(spent);
  return good.has_value();
}

TEST(Progress, ASlowTransferThatLivesGoesOnForAnyTime) {
  Progress progress(patience);
  std::uint64_t moved = 0;
  for (int second = 0; second < 100'000; ++second) {
    ASSERT_TRUE(wait(progress, moved, 1s)) << second;
    moved += 9;
  }
}

TEST(Progress, ADribbleEndsWithItsWindow) {
  Progress progress(patience);
  std::uint64_t moved = 0;
  for (int second = 0; second < 120; ++second) {
    ASSERT_TRUE(wait(progress, moved, 1s)) << second;
    ++moved;
  }
  const Result<> cut = progress.before_wait(moved);
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code(), Errc::idle_timeout);
  EXPECT_EQ(cut.error().message(),
            "the peer is too slow: expected at least 1000 bytes in 120000 ms, got 120");
}

TEST(Progress, SilenceEndsItBeforeTheWindowDoes) {
  Progress progress(patience);
  EXPECT_TRUE(wait(progress, 0, 30s));
  EXPECT_TRUE(wait(progress, 0, 30s));
  EXPECT_EQ(progress.before_wait(0).error().message(), "the peer was silent for 60000 ms");
}

TEST(Progress, SilenceIsCountedFromTheLastByteOn) {
  Progress progress(patience);
  EXPECT_TRUE(wait(progress, 0, 59s));
  EXPECT_TRUE(wait(progress, 1, 30s));
  EXPECT_EQ(progress.wait_max(), 30s);
  EXPECT_TRUE(wait(progress, 1, 30s));
  EXPECT_FALSE(progress.before_wait(1));
}

TEST(Progress, BytesThatEndTheWindowsLastWaitCount) {
  Progress progress(patience);
  EXPECT_TRUE(wait(progress, 0, 59s));
  EXPECT_TRUE(wait(progress, 1, 59s));
  EXPECT_TRUE(wait(progress, 2, 2s));
  EXPECT_TRUE(progress.before_wait(1000));
  EXPECT_EQ(progress.wait_max(), 60s);
}

TEST(Progress, WithoutBytesAnyPaceWillDo) {
  Progress progress(Patience{.idle = 60s, .window = 1s, .bytes = 0});
  for (std::uint64_t moved = 0; moved < 1000; ++moved) {
    ASSERT_TRUE(wait(progress, moved, 59s));
  }
}

}  // namespace
}  // namespace sluice::net
