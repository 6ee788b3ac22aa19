// SPDX-License-Identifier: MIT
// Durations, and their percentiles as JSON.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace sluice::bench {

using Clock = std::chrono::steady_clock;

// One thread; merge() adds the durations of another.
class Latencies {
 public:
  void add(Clock::duration taken);
  void merge(const Latencies& other);
  std::size_t count() const noexcept { return microseconds_.size(); }
  // {"count":…,"p50_ms":…,"p90_ms":…,"p99_ms":…,"max_ms":…}
  std::string json() const;

 private:
  std::vector<double> microseconds_;
};

// Processor time of all threads of this process.
double cpu_seconds();

}  // namespace sluice::bench
