// SPDX-License-Identifier: MIT
// The figures that the program counts. Every folder adds to its own; admin/metrics_page turns them
// into Prometheus text. Counting is a relaxed atomic addition: any thread, no lock.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace sluice {

class Counter {
 public:
  void add(std::uint64_t count = 1) noexcept { value_.fetch_add(count, std::memory_order_relaxed); }
  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Gauge {
 public:
  Gauge() = default;
  explicit Gauge(std::int64_t first) noexcept : value_(first) {}

  void add(std::int64_t count) noexcept { value_.fetch_add(count, std::memory_order_relaxed); }
  void set(std::int64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
  std::int64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

// Latencies in seconds, in buckets from 100 microseconds to a minute.
class Histogram {
 public:
  static constexpr std::array<double, 14> upper_bounds_seconds{
      0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 15.0, 60.0};

  void observe(double seconds) noexcept;

  // The observations of bucket i alone; the last one has no upper bound.
  std::uint64_t bucket(std::size_t i) const noexcept {
    return buckets_[i].load(std::memory_order_relaxed);
  }
  double sum_seconds() const noexcept;

 private:
  std::array<std::atomic<std::uint64_t>, upper_bounds_seconds.size() + 1> buckets_{};
  std::atomic<std::uint64_t> sum_microseconds_{0};
};

// Latencies by two labels, which come from tables of the program, never from a client, so that
// there are few.
class HistogramFamily {
 public:
  using Labels = std::pair<std::string, std::string>;

  void observe(const char* first, const char* second, double seconds);
  // Under the lock.
  void for_each(const std::function<void(const Labels&, const Histogram&)>& take) const;

 private:
  mutable Mutex mutex_;
  std::map<Labels, Histogram> histograms_ GUARDED_BY(mutex_);
};

// Requests by route and status. Routes come from the router's table, never from a client, so the
// map stays small.
class RequestCounter {
 public:
  using Counts = std::vector<std::pair<std::pair<std::string, int>, std::uint64_t>>;

  void add(const char* route, int status);
  Counts counts() const;

 private:
  mutable Mutex mutex_;
  std::map<std::pair<std::string, int>, std::uint64_t> counts_ GUARDED_BY(mutex_);
};

// Requests to a server that this one relies on.
struct RequestFigures {
  HistogramFamily seconds;  // Of one, by what it asks for and how it ended.
  Counter bytes_sent;       // Of bodies, and of those of the answers.
  Counter bytes_received;
};

struct Metrics {
  Gauge connections_open;
  Counter connections_accepted;
  Counter connections_displaced;
  Gauge unsent_bytes;        // Of answers in memory, while their clients take them.
  Counter answers_given_up;  // For newer ones.
  RequestCounter requests;
  HistogramFamily request_seconds;  // By route and dialect.
  Counter authentication_failures;  // Requests whose credentials were none or not accepted.
  Counter bytes_received;           // Bytes of request bodies.
  Gauge buffers_in_use;             // Of the buffer budget.
  Histogram append_seconds;         // From a request's head to its bytes being durable.
  Histogram sync_seconds;           // One sync of one blob.
  Histogram commit_seconds;         // One transaction of the journal.
  Gauge unsynced_uploads;           // With acknowledged bytes that wait for a round of syncs.
  Gauge damaged_rows;               // Of the journal, which were set aside since it was opened.
  Counter takeovers;
  Counter deliveries_delivered;
  Counter deliveries_refused;
  Counter deliveries_retried;
  Counter deliveries_given_up;
  Counter deliveries_set_aside;      // By the checks.
  Gauge deliveries_waiting;          // Or under way; those that this process has taken up.
  HistogramFamily delivery_seconds;  // One attempt, by how it ended.
  HistogramFamily hook_seconds;      // One request, by hook and how it ended.
  RequestFigures object_requests;    // To the object store.
  Gauge scratch_bytes;               // Of uploads, on their way into objects.
  HistogramFamily postgres_seconds;  // One call, the wait for a connection counted, by its end.
  Gauge postgres_calls_waiting;      // For a connection.
  Counter reloads_done;
  Counter reloads_refused;
  Gauge reload_succeeded{1};  // The latest one; 1 before the first.
  Counter log_lines_dropped;  // The reader of the log was too slow.
};

}  // namespace sluice
