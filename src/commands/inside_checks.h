// SPDX-License-Identifier: MIT
// Whether this machine is fit for the server with these settings, beside what `sluice check` says.
#pragma once

#include "config/config.h"

namespace sluice::cli {
class Findings;
}

namespace sluice::commands {

// Blocks, for some seconds where an application does not answer. Changes nothing.
void check_from_inside(const config::Config& config, cli::Findings& findings);

}  // namespace sluice::commands
