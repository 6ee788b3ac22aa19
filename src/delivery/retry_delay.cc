// SPDX-License-Identifier: MIT
#include "delivery/retry_delay.h"

#include <algorithm>

namespace sluice::delivery {

Duration retry_delay(const RetryDelays& delays, unsigned attempts, double jitter) noexcept {
  Duration delay = delays.first;
  for (unsigned i = 1; i < attempts && delay < delays.longest; ++i) {
    delay *= 2;
  }
  delay = std::min(delay, delays.longest);
  return std::chrono::duration_cast<Duration>(delay * (0.5 + jitter / 2));
}

}  // namespace sluice::delivery
