// SPDX-License-Identifier: MIT
#include "admin/process_figures.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>

namespace sluice::admin {
namespace {

TEST(ProcessFigures, AreThoseOfThisProcess) {
  const auto before = process_figures();
  ASSERT_TRUE(before);
  const int descriptor = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const auto after = process_figures();
  ::close(descriptor);
  ASSERT_TRUE(after);
  EXPECT_EQ(after->open_descriptors, before->open_descriptors + 1);
  EXPECT_GT(after->descriptors_max, after->open_descriptors);
  EXPECT_GT(after->resident_bytes, std::uint64_t{1} << 20U);
  EXPECT_GT(after->virtual_bytes, after->resident_bytes);
  EXPECT_GE(after->cpu_seconds, before->cpu_seconds);
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  EXPECT_LT(after->start_time_seconds, now.count() + 1);
  EXPECT_GT(after->start_time_seconds, now.count() - 3600);
}

}  // namespace
}  // namespace sluice::admin
