// SPDX-License-Identifier: MIT
#include "upload/settling_time.h"

#include <algorithm>

#include "base/limits.h"

namespace sluice::upload {

bool is_settling_due(const Unsettled& unsettled) {
  const auto [bytes, age] = unsettled;
  return bytes >= limits::checkpoint_bytes ||
         (bytes >= limits::checkpoint_bytes_least && age >= limits::checkpoint_interval) ||
         (bytes > 0 && age >= limits::checkpoint_interval_longest);
}

// Never less than a silence: a shorter wait would have a timer of its own (net::ByteStream).
Duration silence_before_settling(const Unsettled& unsettled) {
  const auto [bytes, age] = unsettled;
  if (bytes == 0) {
    return Duration::max();
  }
  if (bytes >= limits::checkpoint_bytes_of_silent) {
    return limits::sender_silence;
  }
  return std::max<Duration>(limits::sender_silence,
                            std::chrono::ceil<Duration>(limits::checkpoint_interval_longest - age));
}

}  // namespace sluice::upload
