// SPDX-License-Identifier: MIT
// How long things took, as JSON.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace sluice::bench {

using Clock = std::chrono::steady_clock;

// One thread; merge() what the others measured.
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

// Of this process, all threads.
double cpu_seconds();

}  // namespace sluice::bench
