// SPDX-License-Identifier: MIT
#include "console/last_hour.h"

#include <algorithm>
#include <boost/json/value_from.hpp>
#include <numeric>

namespace sluice::console {
namespace {

constexpr double quantile = 0.99;
constexpr int server_error = 500;

}  // namespace

boost::json::object to_json(const Sample& sample) {
  boost::json::object document;
  document["at"] = sample.at.time_since_epoch().count();
  document["bytes"] = sample.bytes_per_second;
  document["requests"] = sample.requests_per_second;
  document["errors"] = sample.errors_per_second;
  document["commit"] = boost::json::value_from(sample.commit_seconds);
  document["sync"] = boost::json::value_from(sample.sync_seconds);
  document["connections"] = sample.connections;
  document["disk"] = boost::json::value_from(sample.levels.disk_free_bytes);
  document["memory"] = boost::json::value_from(sample.levels.memory_bytes);
  document["handoffs"] = boost::json::value_from(sample.levels.handoffs);
  return document;
}

LastHour::LastHour(const Metrics& metrics, std::chrono::steady_clock::time_point now)
    : metrics_(metrics), before_(counts_of(metrics)), taken_at_(now) {}

const Sample& LastHour::take(Timestamp at, std::chrono::steady_clock::time_point now,
                             const Levels& levels) {
  const Counts counts = counts_of(metrics_);
  const double seconds = std::max(std::chrono::duration<double>(now - taken_at_).count(), 0.001);
  Sample& sample = samples_.at(next_);
  sample = Sample{
      .at = at,
      .bytes_per_second = static_cast<double>(counts.bytes - before_.bytes) / seconds,
      .requests_per_second = static_cast<double>(counts.requests - before_.requests) / seconds,
      .errors_per_second = static_cast<double>(counts.errors - before_.errors) / seconds,
      .commit_seconds = slowest(before_.commits, counts.commits),
      .sync_seconds = slowest(before_.syncs, counts.syncs),
      .connections = metrics_.connections_open.value(),
      .levels = levels};
  before_ = counts;
  taken_at_ = now;
  next_ = (next_ + 1) % samples_.size();
  size_ = std::min(size_ + 1, samples_.size());
  return sample;
}

boost::json::array LastHour::to_json() const {
  boost::json::array samples;
  samples.reserve(size_);
  const std::size_t first = (next_ + samples_.size() - size_) % samples_.size();
  for (std::size_t i = 0; i < size_; ++i) {
    samples.push_back(console::to_json(samples_.at((first + i) % samples_.size())));
  }
  return samples;
}

LastHour::Counts LastHour::counts_of(const Metrics& metrics) {
  Counts counts;
  counts.bytes = metrics.bytes_received.value();
  for (const auto& [route_and_status, count] : metrics.requests.counts()) {
    counts.requests += count;
    counts.errors += route_and_status.second >= server_error ? count : 0;
  }
  counts.commits = buckets_of(metrics.commit_seconds);
  counts.syncs = buckets_of(metrics.sync_seconds);
  return counts;
}

LastHour::Buckets LastHour::buckets_of(const Histogram& histogram) {
  Buckets buckets{};
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    buckets.at(i) = histogram.bucket(i);
  }
  return buckets;
}

// Within a bucket the observations are taken to lie at even distances.
std::optional<double> LastHour::slowest(const Buckets& before, const Buckets& now) {
  Buckets new_ones{};
  for (std::size_t i = 0; i < now.size(); ++i) {
    new_ones.at(i) = now.at(i) - before.at(i);
  }
  const auto total = std::accumulate(new_ones.begin(), new_ones.end(), std::uint64_t{0});
  if (total == 0) {
    return std::nullopt;
  }
  const auto& bounds = Histogram::upper_bounds_seconds;
  double rank = quantile * static_cast<double>(total);
  double lower = 0;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    const auto count = static_cast<double>(new_ones.at(i));
    if (rank <= count) {
      return lower + (bounds.at(i) - lower) * rank / count;
    }
    rank -= count;
    lower = bounds.at(i);
  }
  return bounds.back();
}

}  // namespace sluice::console
