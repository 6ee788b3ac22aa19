// SPDX-License-Identifier: MIT
#include "journal/journal_copy.h"

#include <utility>

#include "base/limits.h"

namespace sluice::journal {

Result<std::unique_ptr<JournalCopy>> JournalCopy::begin(Connection& from, const std::string& path) {
  Result<Connection> to = Connection::open(path);
  if (!to) {
    return fail(to.error());
  }
  // Half of a copy is thrown away: nothing of it need be undone.
  if (Result<> set = to->execute("PRAGMA journal_mode=OFF;PRAGMA synchronous=OFF"); !set) {
    return fail(set.error());
  }
  sqlite3_backup* const backup = sqlite3_backup_init(to->handle(), "main", from.handle(), "main");
  if (backup == nullptr) {
    return fail(sqlite_error(to->handle(), sqlite3_errcode(to->handle()), "copy the journal"));
  }
  return std::unique_ptr<JournalCopy>(new JournalCopy(*std::move(to), backup));
}

Result<bool> JournalCopy::step() {
  const int code = sqlite3_backup_step(backup_.get(), limits::backup_step_pages);
  if (code == SQLITE_OK) {
    return false;
  }
  if (code != SQLITE_DONE) {
    return fail(sqlite_error(to_.handle(), code, "copy the journal"));
  }
  backup_.reset();
  return true;
}

}  // namespace sluice::journal
