// SPDX-License-Identifier: MIT
// The log lines of a server that has just started.
#pragma once

#include <cstddef>

#include "base/log.h"
#include "config/config.h"

namespace sluice {

// One line says the version, where the data lies, what an acknowledgement promises and who may
// upload; further ones warn of what makes the server less safe.
void report_start(Log& log, const config::Config& config, std::size_t credentials);

}  // namespace sluice
