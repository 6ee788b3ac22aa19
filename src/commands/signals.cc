// SPDX-License-Identifier: MIT
#include "commands/signals.h"

#include <array>
#include <cerrno>

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

Signals::Sent Signals::wait() const {
  siginfo_t info{};
  int received = 0;
  do {
    received = ::sigwaitinfo(&awaited_, &info);
  } while (received < 0 && errno == EINTR);
  SLUICE_CHECK(received > 0);
  Sent sent;
  if (info.si_code == SI_USER) {
    sent.process_id = static_cast<std::uint64_t>(info.si_pid);
    sent.user_id = info.si_uid;
  }
  if (received == SIGHUP) {
    sent.wish = Wish::reload;
    return sent;
  }
  ::pthread_sigmask(SIG_UNBLOCK, &awaited_, nullptr);
  return sent;
}

}  // namespace sluice::commands
