// SPDX-License-Identifier: MIT
// How long to wait before the next attempt: doubling from the first to the longest delay, with
// jitter so that many uploads do not come back at the same moment.
#pragma once

#include "base/clock.h"
#include "base/limits.h"

namespace sluice::delivery {

struct RetryDelays {
  Duration first = limits::retry_first_default;
  Duration longest = limits::retry_longest_default;
};

// `attempts` have failed so far, at least one. `jitter` in [0, 1) decides within the upper half of
// the delay.
Duration retry_delay(const RetryDelays& delays, unsigned attempts, double jitter) noexcept;

}  // namespace sluice::delivery
