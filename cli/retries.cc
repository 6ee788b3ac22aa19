// SPDX-License-Identifier: MIT
#include "cli/retries.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace sluice::cli {
namespace {

constexpr int handoff_backoff_steps_max = 4;

}  // namespace

Retries::Retries(const RetryPolicy& policy, Random random)
    : policy_(policy), random_(std::move(random)) {}

std::variant<Duration, Failed> Retries::after_failure(const std::string& reason,
                                                      RetryAfter retry_after) {
  if (++failures_ > policy_.retries_max) {
    return Failed{ExitCode::gave_up,
                  policy_.retries_max == 0
                      ? reason
                      : fmt::format("{} (after {} retries in a row)", reason, policy_.retries_max)};
  }
  return backoff(failures_, retry_after);
}

std::variant<Duration, Failed> Retries::after_handoff(const std::string& reason,
                                                      RetryAfter retry_after, Time now) {
  failures_ = 0;
  if (!handoff_since_) {
    handoff_since_ = now;
  }
  if (now - *handoff_since_ >= policy_.handoff_time_max) {
    return Failed{ExitCode::gave_up,
                  "every byte is stored, but the server has no final answer yet: " + reason};
  }
  // The answer may be there any moment, so the waits stay short.
  handoff_asked_ = std::min(handoff_asked_ + 1, handoff_backoff_steps_max);
  return backoff(handoff_asked_, retry_after);
}

Duration Retries::backoff(int attempt, RetryAfter retry_after) const {
  const double delay_ms = std::min(
      static_cast<double>(policy_.delay_max.count()),
      static_cast<double>(policy_.delay_first.count()) * std::exp2(std::min(attempt - 1, 40)));
  const Duration jittered{static_cast<Duration::rep>(delay_ms * random_())};
  const Duration asked = std::min<Duration>(
      std::clamp(retry_after.value_or(std::chrono::seconds{0}), std::chrono::seconds{0},
                 std::chrono::duration_cast<std::chrono::seconds>(policy_.retry_after_max)),
      policy_.retry_after_max);
  return std::max(jittered, asked);
}

}  // namespace sluice::cli
