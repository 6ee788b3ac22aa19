// SPDX-License-Identifier: MIT
// The server's figures of the last hour, for plots: a ring of fixed size.
#pragma once

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "base/limits.h"
#include "base/metrics.h"

namespace sluice::console {

// As the server stands at one moment.
struct Levels {
  std::optional<std::uint64_t> disk_free_bytes;
  std::optional<std::uint64_t> memory_bytes;  // Of the process, resident.
  std::optional<std::uint64_t> handoffs;      // Uploads that wait for the backend.
};

// What happened in one interval, and the levels at its end. Absent: not known, or nothing happened.
struct Sample {
  Timestamp at;
  double bytes_per_second = 0;
  double requests_per_second = 0;
  double errors_per_second = 0;          // Answers of 500 and above.
  std::optional<double> commit_seconds;  // 99 of 100 took no longer, as far as buckets tell.
  std::optional<double> sync_seconds;
  std::int64_t connections = 0;
  Levels levels;
};

boost::json::object to_json(const Sample& sample);

// One thread.
class LastHour {
 public:
  // Counts what happens from now on.
  LastHour(const Metrics& metrics, std::chrono::steady_clock::time_point now);

  // The sample of the time since the last one; it replaces the oldest one when the ring is full.
  const Sample& take(Timestamp at, std::chrono::steady_clock::time_point now, const Levels& levels);

  std::size_t size() const noexcept { return size_; }
  boost::json::array to_json() const;  // The oldest first.

 private:
  using Buckets = std::array<std::uint64_t, Histogram::upper_bounds_seconds.size() + 1>;
  struct Counts {
    std::uint64_t bytes = 0;
    std::uint64_t requests = 0;
    std::uint64_t errors = 0;
    Buckets commits{};
    Buckets syncs{};
  };

  static Counts counts_of(const Metrics& metrics);
  static Buckets buckets_of(const Histogram& histogram);
  static std::optional<double> slowest(const Buckets& before, const Buckets& now);

  const Metrics& metrics_;
  Counts before_;
  std::chrono::steady_clock::time_point taken_at_;
  std::array<Sample, limits::console_samples_max> samples_{};
  std::size_t size_ = 0;
  std::size_t next_ = 0;  // Where the next sample goes.
};

}  // namespace sluice::console
