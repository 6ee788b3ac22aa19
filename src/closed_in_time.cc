// SPDX-License-Identifier: MIT
#include "closed_in_time.h"

#include <utility>

#include "base/limits.h"

namespace sluice {

ClosedInTime::ClosedInTime(runtime::Executor executor, Work work, Log& log)
    : executor_(std::move(executor)), work_(std::move(work)), log_(log) {}

void ClosedInTime::drain() {
  runtime::run_and_wait(executor_, log_, "close", close_in_time());
}

runtime::Task<> ClosedInTime::close_in_time() {
  if (!co_await work_.close(limits::outbox_close_wait_max)) {
    log_.warn(work_.when_late);
  }
}

}  // namespace sluice
