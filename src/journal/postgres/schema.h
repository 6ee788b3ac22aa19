// SPDX-License-Identifier: MIT
// The tables (docs/format.md) and the steps from one version to the next.
#pragma once

#include <span>

#include "base/error.h"
#include "journal/postgres/connection.h"

namespace sluice::journal::postgres {

// Steps[i] makes version i + 1 out of version i. A step that has been released never changes.
using MigrationSteps = std::span<const char* const>;
MigrationSteps migration_steps();

// Brings the database to the last version, all steps in one transaction. Refuses a newer one. Nodes
// that start at once wait for the first of them.
Result<> migrate(Connection& connection, MigrationSteps steps);
// Without a change: fails where the tables have another version than the last.
Result<> expect_last_version(Connection& connection, MigrationSteps steps);

}  // namespace sluice::journal::postgres
