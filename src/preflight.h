// SPDX-License-Identifier: MIT
// What can be known of the settings before the server starts: whether the files and directories
// that they name can be used.
#pragma once

#include "ops/config.h"

namespace sluice {

// A line for each setting that cannot work, beginning with its place and its key. Changes nothing.
ops::ConfigProblems problems_around(const ops::Config& config);

}  // namespace sluice
