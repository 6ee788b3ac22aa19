// SPDX-License-Identifier: MIT
// The journal's file: how it is opened, its tables (docs/format.md) and the steps from one version
// to the next.
#pragma once

#include <span>
#include <string>

#include "base/durability.h"
#include "base/error.h"
#include "journal/sqlite_connection.h"

namespace sluice::journal {

// Steps[i] makes version i + 1 out of version i. A step that has been released never changes.
using MigrationSteps = std::span<const char* const>;
MigrationSteps migration_steps();

// Brings the file to the last version, each step in a transaction of its own. Refuses a newer file,
// and a file that is not a journal of Sluice.
Result<> migrate(Connection& connection, MigrationSteps steps);

// Opens, locks for this process alone, and migrates. Reads a few pages, however large the file is.
Result<Connection> open_database(const std::string& path, Durability durability);

}  // namespace sluice::journal
