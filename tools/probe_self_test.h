// SPDX-License-Identifier: MIT
// Things that a hostile file would make the probe do, so that a test can prove that it cannot.
#pragma once

#include <string_view>

namespace sluice::tools {

// Before the jail is closed: true when the process holds nothing but the three descriptors and the
// file, read-only, has no environment, and runs under its limits.
bool surroundings_are_bare();

// Inside the jail. Returns the exit status of a process that was not stopped.
int misbehave(std::string_view how);

}  // namespace sluice::tools
