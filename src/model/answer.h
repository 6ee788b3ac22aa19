// SPDX-License-Identifier: MIT
// The backend's answer to a finished file.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace sluice::model {

// The backend's answer, kept as it came: every repeat of the last piece gets it.
struct Answer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  // A body of so many bytes lies in a file of its own (docs/format.md), and `body` is empty.
  std::uint64_t spilled_bytes = 0;
  // What tells this file from those of earlier attempts, where the store keeps each.
  std::string spilled_as = {};

  friend bool operator==(const Answer&, const Answer&) = default;
};

}  // namespace sluice::model
