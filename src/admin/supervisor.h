// SPDX-License-Identifier: MIT
// What a supervisor like systemd is told of this process, as sd_notify(3) has it: variables in
// datagrams to the socket that NOTIFY_SOCKET names.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"

namespace sluice::admin {

// Any thread may use it.
class Supervisor {
 public:
  // No supervisor: what it is told goes nowhere.
  Supervisor() = default;
  // That of NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. The variables go, so that no child
  // speaks for this process: call it before the first thread. Errors are for the operator.
  static Result<Supervisor> from_environment();
  // The same, of the address and of the time of the watchdog; empty: none.
  static Result<Supervisor> open(const std::string& address, std::string_view watchdog_usec);

  Supervisor(Supervisor&& other) noexcept;
  Supervisor& operator=(Supervisor&& other) noexcept;
  ~Supervisor();

  bool is_there() const noexcept { return socket_ >= 0; }
  // The process is taken for hung after this long without WATCHDOG=1.
  std::optional<Duration> watchdog() const noexcept { return watchdog_; }

  // One datagram, "READY=1\nSTATUS=...". Never waits: it is lost where the supervisor takes none.
  void tell(std::string_view variables) const noexcept;

 private:
  int socket_ = -1;
  std::optional<Duration> watchdog_;
};

}  // namespace sluice::admin
