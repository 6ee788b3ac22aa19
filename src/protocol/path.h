// SPDX-License-Identifier: MIT
// Paths of requests as the router compares them. Knows no socket.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sluice::protocol {

// Decoded segments without empty ones: "//a/%62/" is {"a", "b"}. An escaped slash stays inside its
// segment, "." and ".." mean nothing.
using Segments = std::vector<std::string>;

// bad_request for a broken percent-escape.
Result<Segments> parse_path(std::string_view path);

// Takes a version prefix of the Panda API off the front, if there is one.
struct VersionPrefix {
  bool found = false;
  bool is_3_1 = false;  // Lists are objects there.
};
VersionPrefix strip_version(Segments& segments);

// The signed path: decoded, and without the version prefix. REQUIRES: parse_path() reads it.
std::string signed_path(std::string_view path);

// Segments to compare with; one of them may contain "{}", which stands for one character or more.
class PathPattern {
 public:
  explicit PathPattern(std::string_view pattern);

  // The text that stands for "{}", empty in a pattern without it; nullopt when the path is another.
  std::optional<std::string> match(const Segments& segments) const;

 private:
  Segments segments_;
};

}  // namespace sluice::protocol
