// SPDX-License-Identifier: MIT
#include "base/metrics.h"

#include <algorithm>

namespace sluice {

void Histogram::observe(double seconds) noexcept {
  const auto found = std::ranges::lower_bound(upper_bounds_seconds, seconds);
  const auto index = static_cast<std::size_t>(found - upper_bounds_seconds.begin());
  buckets_[index].fetch_add(1, std::memory_order_relaxed);
  sum_microseconds_.fetch_add(static_cast<std::uint64_t>(std::max(seconds, 0.0) * 1e6),
                              std::memory_order_relaxed);
}

double Histogram::sum_seconds() const noexcept {
  return static_cast<double>(sum_microseconds_.load(std::memory_order_relaxed)) / 1e6;
}

void HistogramFamily::observe(const char* first, const char* second, double seconds) {
  const MutexLock lock(mutex_);
  histograms_[{first, second}].observe(seconds);
}

void HistogramFamily::for_each(
    const std::function<void(const Labels&, const Histogram&)>& take) const {
  const MutexLock lock(mutex_);
  for (const auto& [labels, histogram] : histograms_) {
    take(labels, histogram);
  }
}

void RequestCounter::add(const char* route, int status) {
  const MutexLock lock(mutex_);
  ++counts_[{route, status}];
}

RequestCounter::Counts RequestCounter::counts() const {
  const MutexLock lock(mutex_);
  return {counts_.begin(), counts_.end()};
}

}  // namespace sluice
