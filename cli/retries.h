// SPDX-License-Identifier: MIT
// How long an upload is patient: failures in a row, and the application's answer. No clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "base/clock.h"
#include "cli/server_answer.h"

namespace sluice::cli {

struct RetryPolicy {
  std::uint64_t piece_bytes = 0;
  int retries_max = 20;                 // In a row, without progress.
  Duration delay_first{250};            // Doubled by each failure; the wait is a random part of it.
  Duration delay_max{30'000};           // (full jitter)
  Duration retry_after_max{600'000};    // A server cannot send us away for longer.
  Duration handoff_time_max{3600'000};  // All bytes are stored and the server's backend is slow.
  int stalls_max = 5;                   // Answers 204 in a row that acknowledge nothing new.
};

class Retries {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Random = std::function<double()>;  // Uniform in [0, 1).
  using RetryAfter = std::optional<std::chrono::seconds>;

  Retries(const RetryPolicy& policy, Random random);

  // One more failure in a row: the wait before the next attempt, or the end.
  std::variant<Duration, Failed> after_failure(const std::string& reason, RetryAfter retry_after);
  // Every byte is stored, and the application has not answered: no failure.
  std::variant<Duration, Failed> after_handoff(const std::string& reason, RetryAfter retry_after,
                                               Time now);
  void progressed() noexcept { failures_ = 0; }
  Duration backoff(int attempt, RetryAfter retry_after) const;

  int failures_in_row() const noexcept { return failures_; }

 private:
  const RetryPolicy policy_;
  const Random random_;
  int failures_ = 0;
  std::optional<Time> handoff_since_;
  int handoff_asked_ = 0;
};

}  // namespace sluice::cli
