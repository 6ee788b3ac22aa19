// SPDX-License-Identifier: MIT
// A copy of the journal's file that is made while the journal is in use.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "journal/sqlite_connection.h"

namespace sluice::journal {

// On the thread of `from`, which goes on working between the steps: SQLite brings what this
// connection changes into the pages that are copied already (https://sqlite.org/backup.html). So
// the copy is the journal as it is at the last step. It is not synced.
class JournalCopy {
 public:
  // `path` is a file that does not exist yet. `from` outlives this.
  static Result<std::unique_ptr<JournalCopy>> begin(Connection& from, const std::string& path);

  // True: the copy is complete, and closed. After an error the file is of no use.
  Result<bool> step();

 private:
  struct Finisher {
    void operator()(sqlite3_backup* backup) const noexcept { sqlite3_backup_finish(backup); }
  };

  JournalCopy(Connection to, sqlite3_backup* backup) : to_(std::move(to)), backup_(backup) {}

  Connection to_;
  std::unique_ptr<sqlite3_backup, Finisher> backup_;  // Ends before the connection.
};

}  // namespace sluice::journal
