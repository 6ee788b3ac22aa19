// SPDX-License-Identifier: MIT
// The log lines of a server that has just started.
#pragma once

#include <cstddef>

#include "auth/keyring.h"
#include "base/log.h"
#include "config/config.h"

namespace sluice {

// One line says the version, where the data lies, what an acknowledgement promises and who may
// upload; further ones warn of what makes the server less safe.
void report_start(Log& log, const config::Config& config, std::size_t credentials);

// A line where files wait for a program that is not installed, because credentials name types. Also
// after the credentials have changed.
void warn_of_missing_checker(Log& log, const config::Config& config, const auth::Keyring& keyring);

}  // namespace sluice
