// SPDX-License-Identifier: MIT
#include "load/latency.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

namespace sluice::bench {

void Latencies::add(Clock::duration taken) {
  microseconds_.push_back(std::chrono::duration<double, std::micro>(taken).count());
}

void Latencies::merge(const Latencies& other) {
  microseconds_.insert(microseconds_.end(), other.microseconds_.begin(), other.microseconds_.end());
}

std::string Latencies::json() const {
  if (microseconds_.empty()) {
    return R"({"count":0})";
  }
  std::vector<double> sorted = microseconds_;
  std::ranges::sort(sorted);
  const auto quantile = [&sorted](double share) {
    const auto last = static_cast<double>(sorted.size() - 1);
    return sorted[static_cast<std::size_t>(share * last)] / 1000;
  };
  return fmt::format(
      R"({{"count":{},"p50_ms":{:.3f},"p90_ms":{:.3f},"p99_ms":{:.3f},"max_ms":{:.3f}}})",
      sorted.size(), quantile(0.5), quantile(0.9), quantile(0.99), quantile(1));
}

double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

}  // namespace sluice::bench
