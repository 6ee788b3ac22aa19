// SPDX-License-Identifier: MIT
// Where Sluice's own requests go, as an operator writes it.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace sluice::outgoing {

struct Target {
  std::string origin;       // "http://app:3000", without a slash at its end.
  std::string path;         // With the query; begins with a slash.
  std::string unix_socket;  // Connected to instead of the origin's host; empty: none.

  friend bool operator==(const Target&, const Target&) = default;
};

// "http://app:3000/videos", "https://app.example.com/videos?x=1" or, over a Unix socket,
// "unix:/run/app.sock:/videos". bad_request says what is expected and what came; a user name and a
// fragment are refused.
Result<Target> parse_target(std::string_view text);

}  // namespace sluice::outgoing
