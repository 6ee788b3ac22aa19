// SPDX-License-Identifier: MIT
#include "console/last_hour.h"

#include <gtest/gtest.h>

#include <memory>

namespace sluice::console {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

class LastHourTest : public ::testing::Test {
 protected:
  const Sample& take(const Levels& levels = {}) {
    now_ += seconds(10);
    at_ += seconds(10);
    return hour_->take(at_, now_, levels);
  }

  Metrics metrics_;
  steady_clock::time_point now_{};
  Timestamp at_{};
  std::unique_ptr<LastHour> hour_ = std::make_unique<LastHour>(metrics_, now_);
};

TEST_F(LastHourTest, ASampleIsAboutItsOwnInterval) {
  metrics_.bytes_received.add(1000);
  metrics_.requests.add("upload", 204);
  metrics_.requests.add("upload", 404);
  metrics_.requests.add("upload", 507);
  metrics_.connections_open.set(3);
  const Sample first = take({.disk_free_bytes = 5, .memory_bytes = 6, .handoffs = 7});
  EXPECT_DOUBLE_EQ(first.bytes_per_second, 100);
  EXPECT_DOUBLE_EQ(first.requests_per_second, 0.3);
  EXPECT_DOUBLE_EQ(first.errors_per_second, 0.1);
  EXPECT_EQ(first.connections, 3);
  EXPECT_EQ(first.levels.disk_free_bytes, 5U);
  const Sample second = take();
  EXPECT_DOUBLE_EQ(second.bytes_per_second, 0);
  EXPECT_DOUBLE_EQ(second.errors_per_second, 0);
  EXPECT_FALSE(second.levels.handoffs);
}

TEST_F(LastHourTest, LatencyIsThatOfTheSlowestInTheInterval) {
  EXPECT_FALSE(take().commit_seconds);
  for (int i = 0; i < 100; ++i) {
    metrics_.commit_seconds.observe(0.0002);
  }
  metrics_.sync_seconds.observe(400);
  const Sample sample = take();
  ASSERT_TRUE(sample.commit_seconds && sample.sync_seconds);
  EXPECT_NEAR(*sample.commit_seconds, 0.000496, 0.000001);
  EXPECT_DOUBLE_EQ(*sample.sync_seconds, 60) << "the last bucket has no end";
  EXPECT_FALSE(take().commit_seconds);
}

TEST_F(LastHourTest, KeepsAnHourAndNoMore) {
  for (std::size_t i = 1; i <= limits::console_samples_max + 3; ++i) {
    metrics_.connections_open.set(static_cast<std::int64_t>(i));
    take();
    ASSERT_EQ(hour_->size(), std::min(i, limits::console_samples_max));
  }
  const boost::json::array samples = hour_->to_json();
  ASSERT_EQ(samples.size(), limits::console_samples_max);
  EXPECT_EQ(samples.front().at("connections"), 4);
  EXPECT_EQ(samples.back().at("connections"), limits::console_samples_max + 3);
  EXPECT_TRUE(samples.back().at("commit").is_null());
}

}  // namespace
}  // namespace sluice::console
