// SPDX-License-Identifier: MIT
// Where a server listens, as people write it: ADDR:PORT or unix:/PATH.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sluice::net {

struct Endpoint {
  std::string address;  // Numeric, IPv6 without brackets. Empty for a Unix socket.
  std::uint16_t port = 0;
  std::string path = {};  // Of a Unix socket, else empty.

  bool is_set() const noexcept { return is_unix() || !address.empty(); }
  bool is_unix() const noexcept { return !path.empty(); }
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080` (which is 127.0.0.1), `unix:/run/sluice.sock`.
// No other names: the listening address must not depend on a resolver. bad_request says what is
// expected and what came.
Result<Endpoint> parse_endpoint(std::string_view text);
// The form that parse_endpoint() reads; for TCP also the one that URLs take.
std::string to_text(const Endpoint& endpoint);
// A URL of this scheme, or unix:/PATH.
std::string to_url(std::string_view scheme, const Endpoint& endpoint);
// Reachable from this machine alone.
bool is_loopback(const Endpoint& endpoint);

}  // namespace sluice::net
