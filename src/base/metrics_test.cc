// SPDX-License-Identifier: MIT
#include "base/metrics.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Histogram, PutsEachObservationIntoOneBucket) {
  Histogram histogram;
  histogram.observe(0.0001);
  histogram.observe(0.003);
  histogram.observe(1000);
  EXPECT_EQ(histogram.bucket(0), 1U);
  EXPECT_EQ(histogram.bucket(4), 1U);
  EXPECT_EQ(histogram.bucket(Histogram::upper_bounds_seconds.size()), 1U);
  EXPECT_NEAR(histogram.sum_seconds(), 1000.0031, 1e-6);
}

TEST(RequestCounter, CountsByRouteAndStatus) {
  RequestCounter counter;
  counter.add("upload", 204);
  counter.add("upload", 204);
  counter.add("upload", 200);
  const auto counts = counter.counts();
  ASSERT_EQ(counts.size(), 2U);
  EXPECT_EQ(counts[1].second, 2U);
}

}  // namespace
}  // namespace sluice
