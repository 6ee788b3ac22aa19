// SPDX-License-Identifier: MIT
// Listening sockets that a supervisor opened before it started this process: socket activation,
// sd_listen_fds(3).
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "net/listening_socket.h"

namespace sluice::net {

// Owns the sockets that have not been taken.
class PassedSockets {
 public:
  // The descriptors begin at this one.
  static constexpr int first_descriptor = 3;

  PassedSockets() = default;
  // Those of LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES: none where the variables are not there, or
  // are for another process. The variables go, so that no child takes the sockets for its own: call
  // it before the first thread. `names`: each may be passed once, and no other. Errors are for the
  // operator.
  static Result<PassedSockets> from_environment(std::span<const std::string_view> names);
  // The same, of the values that the variables have; `first` in the place of first_descriptor.
  static Result<PassedSockets> parse(const std::string& count, std::string_view names_passed,
                                     std::span<const std::string_view> names,
                                     int first = first_descriptor);

  // Nullopt: none of this name was passed, or it was taken already.
  std::optional<ListeningSocket> take(std::string_view name);
  // The name of a socket that was not taken; empty: there is none.
  std::string_view left() const noexcept {
    return sockets_.empty() ? std::string_view() : sockets_.begin()->first;
  }

 private:
  std::map<std::string, ListeningSocket, std::less<>> sockets_;
};

}  // namespace sluice::net
