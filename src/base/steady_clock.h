// SPDX-License-Identifier: MIT
// The wall clock without its steps, for what is deleted when its time has passed.
#pragma once

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"

namespace sluice {

// Begins with the wall clock's time and goes on with the boot clock, so that a wall clock that is
// set, and set back, moves nothing. A new time of the wall clock is taken over when the two have
// agreed for the agreement time since it was set; that is noticed, and logged, by may_delete(),
// which is false until then, and for as long after a start.
//
// Records from before the clock was set ahead seem older than they are by the same amount. So
// may_delete() stays false for that much longer (limits::clock_set_ahead_kept_max at the most). A
// clock that was set back makes things live longer, which destroys nothing.
class SteadyClock final : public Clock {
 public:
  // The clocks and the log outlive it.
  SteadyClock(const Clock& wall, const Clock& boot, Log& log, Duration agreement);

  Timestamp now() const noexcept override;
  bool may_delete() noexcept override;

 private:
  const Clock& wall_;
  const Clock& boot_;
  Log& log_;
  const Duration agreement_;

  mutable Mutex mutex_;
  Duration offset_ GUARDED_BY(mutex_);  // From the boot clock to now().
  Duration seen_ GUARDED_BY(mutex_);    // From the boot clock to the wall clock, at the last look.
  Timestamp agreed_since_ GUARDED_BY(mutex_);  // These two by the boot clock.
  Timestamp kept_until_ GUARDED_BY(mutex_);
};

}  // namespace sluice
