// SPDX-License-Identifier: MIT
// Wall-clock time, so that a test can own it. Deadlines of I/O do not use it; they run on the
// monotonic clock of the event loop.
#pragma once

#include <chrono>
#include <string>

namespace sluice {

using Duration = std::chrono::milliseconds;
// Milliseconds since 1970-01-01 UTC: the only form in which the journal keeps time.
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;

// "2026-11-22T17:20:58Z"
std::string to_iso8601(Timestamp time);

// Any thread may ask.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp now() const noexcept = 0;
  // False while the time may be wrong: nothing is deleted by it then that cannot be had again.
  virtual bool may_delete() noexcept { return true; }
};

class SystemClock final : public Clock {
 public:
  Timestamp now() const noexcept override;
};

// How long the machine has been running, its sleep counted, as if it had been started in 1970. It
// is never set.
class BootClock final : public Clock {
 public:
  Timestamp now() const noexcept override;
};

}  // namespace sluice
