// SPDX-License-Identifier: MIT
// The actions of a probe that a hostile file has taken over, so that a test can prove that they
// fail.
#pragma once

#include <string_view>

namespace sluice::tools {

// Before the jail is closed: true when the process holds nothing but the three descriptors and the
// file, read-only, has no environment, and runs under its limits.
bool surroundings_are_bare();

// Inside the jail. Returns the exit status of a process that was not stopped.
int misbehave(std::string_view how);

}  // namespace sluice::tools
