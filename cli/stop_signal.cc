// SPDX-License-Identifier: MIT
#include "cli/stop_signal.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

namespace sluice::cli {
namespace {

std::atomic<int> received_signal{0};
static_assert(std::atomic<int>::is_always_lock_free);  // A signal handler may not wait.

// A signal between looking at the flag and falling asleep is noticed this much later.
constexpr Duration wait_slice{50};

extern "C" void remember_signal(int signal_number) {
  received_signal.store(signal_number);
}

}  // namespace

StopSignal::StopSignal() {
  received_signal.store(0);
  struct sigaction remember{};
  remember.sa_handler = &remember_signal;
  remember.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigaction(SIGINT, &remember, &former_interrupt_);
  ::sigaction(SIGTERM, &remember, &former_terminate_);
  struct sigaction ignore{};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &former_pipe_);
}

StopSignal::~StopSignal() {
  ::sigaction(SIGINT, &former_interrupt_, nullptr);
  ::sigaction(SIGTERM, &former_terminate_, nullptr);
  ::sigaction(SIGPIPE, &former_pipe_, nullptr);
}

int StopSignal::received() const noexcept {
  return received_signal.load();
}

bool StopSignal::wait(Duration duration) const {
  const auto end = std::chrono::steady_clock::now() + duration;
  for (;;) {
    if (received() != 0) {
      return false;
    }
    const auto left = std::chrono::duration_cast<Duration>(end - std::chrono::steady_clock::now());
    if (left <= Duration{0}) {
      return true;
    }
    std::this_thread::sleep_for(std::min(left, wait_slice));
  }
}

}  // namespace sluice::cli
