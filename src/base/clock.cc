// SPDX-License-Identifier: MIT
#include "base/clock.h"

namespace sluice {

Timestamp SystemClock::now() const noexcept {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

}  // namespace sluice
