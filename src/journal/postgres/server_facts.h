// SPDX-License-Identifier: MIT
// What a server of PostgreSQL is asked when a journal opens, and later by its health. All calls
// block.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "journal/postgres/connection.h"

namespace sluice::journal::postgres {

// The first connection: nothing has been asked of the server before. Errors say what to do.
Result<std::unique_ptr<Connection>> connect_first(const Settings& settings);
// Whether there is a server that takes changes and keeps what it has confirmed.
Result<> try_server(const Settings& settings);
// False when a standby server follows this one without its commits waiting for it.
Result<bool> survives_failover(Connection& connection, Deadline deadline);
// REQUIRES: the tables are there. Of the cluster whose tables they are.
Result<std::string> read_secret(Connection& connection, Deadline deadline);
// As Journal::clock_offset().
Result<Duration> read_clock(Connection& connection, Deadline deadline);

}  // namespace sluice::journal::postgres
