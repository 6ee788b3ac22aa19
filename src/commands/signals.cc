// SPDX-License-Identifier: MIT
#include "commands/signals.h"

#include <array>

#include "base/check.h"

namespace sluice::commands {
namespace {

// The default action of each would end the process.
constexpr std::array ignored{
    SIGPIPE,  // The reader of standard error or output is gone: write() fails with EPIPE.
    SIGXFSZ,  // The limit of a file's size is reached: write() fails with EFBIG.
    // Means nothing to this program. Tools that rotate logs and supervisors send some of them to
    // whatever they look after.
    SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGPOLL, SIGPWR, SIGSTKFLT};

constexpr std::array awaited{SIGTERM, SIGINT, SIGHUP};

}  // namespace

Signals::Signals() {
  struct sigaction ignore{};
  ignore.sa_handler = SIG_IGN;
  for (const int number : ignored) {
    SLUICE_CHECK(::sigaction(number, &ignore, nullptr) == 0);
  }
  ::sigemptyset(&awaited_);
  for (const int number : awaited) {
    ::sigaddset(&awaited_, number);
  }
  ::pthread_sigmask(SIG_BLOCK, &awaited_, nullptr);
}

Signals::Wish Signals::wait() const {
  int received = 0;
  SLUICE_CHECK(::sigwait(&awaited_, &received) == 0);
  if (received == SIGHUP) {
    return Wish::reload;
  }
  ::pthread_sigmask(SIG_UNBLOCK, &awaited_, nullptr);
  return Wish::end;
}

}  // namespace sluice::commands
