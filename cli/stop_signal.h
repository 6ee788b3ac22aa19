// SPDX-License-Identifier: MIT
// SIGINT and SIGTERM as a wish to stop in order. The second signal of a kind ends the process.
#pragma once

#include <csignal>

#include "base/clock.h"

namespace sluice::cli {

// One at a time; puts the former handlers back at its end. SIGPIPE is ignored meanwhile.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  // 0 while no signal came.
  int received() const noexcept;
  // False when a signal ended the wait.
  bool wait(Duration duration) const;

 private:
  struct sigaction former_interrupt_{};
  struct sigaction former_terminate_{};
  struct sigaction former_pipe_{};
};

}  // namespace sluice::cli
