// SPDX-License-Identifier: MIT
// The largest body that everything in front of the server lets through. Heads alone are sent: what
// refuses a size refuses it there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/outside_request.h"

namespace sluice::cli {

struct BodyCap {
  std::uint64_t passes = 0;   // A body of so many bytes is let through;
  std::uint64_t refused = 0;  // of so many is not.
  Conversation refusal;
};

// `target` is that of an upload of `size` + 1 bytes. Nothing: a body of `size` bytes passes.
std::optional<BodyCap> find_body_cap(const Requester& requester, const std::string& target,
                                     std::uint64_t size);

void add_body_cap(const std::optional<BodyCap>& cap, std::uint64_t size, Findings& findings);

}  // namespace sluice::cli
