// SPDX-License-Identifier: MIT
// The other end of admin/control_pages.h: one command to the server that runs on a data directory.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"

namespace sluice::commands {

struct ControlAnswer {
  long status = 0;
  std::string body;

  // A text of the answer's JSON object; empty where there is none.
  std::string member(const char* name) const;
  // Where it is a number, else 0.
  std::uint64_t count(const char* name) const;
};

// Blocks, for limits::control_time_max at most. closed_by_peer when no server answers there.
Result<ControlAnswer> send_command(const std::string& data_directory, const std::string& path);

}  // namespace sluice::commands
