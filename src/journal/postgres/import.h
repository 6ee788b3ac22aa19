// SPDX-License-Identifier: MIT
// A journal in a file becomes one in PostgreSQL.
#pragma once

#include <cstddef>
#include <string>

#include "base/error.h"
#include "journal/postgres/postgres_journal.h"
#include "journal/sqlite_journal.h"
#include "runtime/task.h"

namespace sluice::journal::postgres {

struct Imported {
  std::size_t uploads = 0;
  std::size_t videos = 0;
  std::size_t notifications = 0;
};

// Copies all that `from` holds, and makes `secret`, which belongs to it, the one of `to`: its last
// step. REQUIRES: no other process works with either. bad_request where `to` holds uploads or
// videos, and where bytes of an upload lie in no object, or a row of `from` cannot be read: no node
// could go on with it. After an error `to` is good for nothing.
runtime::Task<Result<Imported>> import_journal(SqliteJournal& from, PostgresJournal& to,
                                               std::string secret);

}  // namespace sluice::journal::postgres
