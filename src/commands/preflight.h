// SPDX-License-Identifier: MIT
// Checks of the settings before the server starts: whether the files and directories that they name
// can be used.
#pragma once

#include "config/config.h"

namespace sluice::commands {

// A line for each setting that cannot work, beginning with its place and its key. Changes nothing.
config::ConfigProblems problems_around(const config::Config& config);

}  // namespace sluice::commands
