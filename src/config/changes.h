// SPDX-License-Identifier: MIT
// From the settings of a running server to other ones: what it takes over, and what needs a
// restart.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace sluice::config {

struct Changes {
  Config config;                     // The running one, with what it takes over.
  std::vector<std::string> applied;  // Keys of settings that it takes over.
  std::vector<std::string> waiting;  // Keys of settings that have another value after a restart.
};

// "credentials" is the key of [[credentials]]. Whether any are needed, and whether more are in a
// file, is found out at the start: where that is to change, they wait.
Changes changes_to(const Config& running, const Config& wanted);

}  // namespace sluice::config
