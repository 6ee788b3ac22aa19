// SPDX-License-Identifier: MIT
// Whether the machine may have lost power since the journal was written: the kernel gives each of
// its runs a random name, the journal keeps the name of the run that wrote it.
#pragma once

#include <string>

#include "base/error.h"
#include "journal/sqlite_connection.h"

namespace sluice::journal {

// Empty where the kernel does not say.
std::string current_boot_id();

// Blocks. Under another name than the one that the journal keeps, or none, unsynced bytes are
// stored no longer. In one transaction; reads the few rows that have such bytes.
Result<> take_over_boot(Connection& connection, const std::string& boot_id);

}  // namespace sluice::journal
