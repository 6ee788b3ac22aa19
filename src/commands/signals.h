// SPDX-License-Identifier: MIT
// The effect of each signal on the server. Programs that it starts get the default actions back
// (video/probe.cc).
#pragma once

#include <signal.h>

#include <cstdint>

namespace sluice::commands {

// One, before the first thread: every thread inherits the mask. Commands of the program that end by
// themselves keep the default actions.
class Signals {
 public:
  enum class Wish { end, reload };
  struct Sent {
    Wish wish = Wish::end;
    // Who sent the signal; 0: the kernel, as at the end of a terminal.
    std::uint64_t process_id = 0;
    std::uint64_t user_id = 0;
  };

  Signals();

  // SIGTERM and SIGINT are the wish to end, SIGHUP the one to reload. After the wish to end, a
  // second such signal ends the process at once, which loses nothing either.
  Sent wait() const;

 private:
  sigset_t awaited_{};
};

}  // namespace sluice::commands
