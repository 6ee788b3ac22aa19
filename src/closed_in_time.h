// SPDX-License-Identifier: MIT
// Makes a part of what lives on one worker and is closed there.
#pragma once

#include <functional>

#include "base/clock.h"
#include "base/log.h"
#include "runtime/part.h"
#include "runtime/task.h"

namespace sluice {

class ClosedInTime final : public runtime::Part {
 public:
  struct Work {
    std::function<void()> open;
    // On the executor. Begins nothing new; true when all has ended within `timeout`.
    std::function<runtime::Task<bool>(Duration timeout)> close;
    const char* when_late;  // For the log.
  };

  ClosedInTime(runtime::Executor executor, Work work, Log& log);

  void start() override { work_.open(); }
  // Waits for limits::outbox_close_wait_max at most.
  void drain() override;

 private:
  runtime::Task<> close_in_time();

  const runtime::Executor executor_;
  const Work work_;
  Log& log_;
};

}  // namespace sluice
