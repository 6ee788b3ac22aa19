// SPDX-License-Identifier: MIT
#include "journal/sqlite_schema.h"

#include <charconv>
#include <cstdint>

#include "base/limits.h"

namespace sluice::journal {
namespace {

// "Slui": what `file` and `PRAGMA application_id` show.
constexpr const char* application_id = "1399616873";

// user_version is a signed 32-bit number.
Result<std::size_t> read_version(Connection& connection) {
  const Result<std::string> text = connection.query("PRAGMA user_version");
  if (!text) {
    return fail(text.error());
  }
  std::size_t version = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), version);
  if (error != std::errc() || end != text->data() + text->size()) {
    return fail(Errc::storage_failed,
                "journal " + connection.path() + " has the impossible version " + *text);
  }
  return version;
}

// A file that holds nothing yet is ours to fill; any other must carry our mark.
Result<> check_owner(Connection& connection, std::size_t version) {
  const Result<std::string> mark = connection.query("PRAGMA application_id");
  const Result<std::string> objects = connection.query("SELECT count(*) FROM sqlite_schema");
  if (!mark || !objects) {
    return fail(mark ? objects.error() : mark.error());
  }
  const bool is_new = version == 0 && *mark == "0" && *objects == "0";
  if (!is_new && *mark != application_id) {
    return fail(Errc::storage_failed,
                "journal " + connection.path() + " is a SQLite database of another program");
  }
  return {};
}

Result<> run_step(Connection& connection, std::size_t version, const char* step) {
  const std::string sql = "BEGIN IMMEDIATE;" + std::string(step) +
                          ";PRAGMA application_id=" + application_id +
                          ";PRAGMA user_version=" + std::to_string(version) + ";COMMIT";
  if (Result<> done = connection.execute(sql); !done) {
    const Error& error = done.error();
    return fail(error.code(), "journal " + connection.path() + ": migration to version " +
                                  std::to_string(version) + " failed: " + error.message());
  }
  return {};
}

Result<> set_pragmas(Connection& connection, Durability durability) {
  // Exclusive before the first access in WAL mode: the log's index then lives in memory, no other
  // connection can come in, and the WAL-reset bug of SQLite up to 3.51.2
  // (https://sqlite.org/wal.html), which needs two, cannot strike.
  if (Result<> exclusive = connection.execute("PRAGMA locking_mode=EXCLUSIVE"); !exclusive) {
    return exclusive;
  }
  const Result<std::string> mode = connection.query("PRAGMA journal_mode=WAL");
  if (!mode) {
    return fail(mode.error());
  }
  if (*mode != "wal") {
    return fail(Errc::storage_failed, "journal " + connection.path() +
                                          ": the file system allows no write-ahead log, only " +
                                          *mode);
  }
  const char* const synchronous = durability == Durability::none ? "OFF" : "FULL";
  return connection.execute(std::string("PRAGMA synchronous=") + synchronous +
                            ";PRAGMA foreign_keys=ON;PRAGMA temp_store=MEMORY"
                            ";PRAGMA wal_autocheckpoint=" +
                            std::to_string(limits::journal_checkpoint_pages));
}

// Pages that a dead process left in the write-ahead log were read, but perhaps never reached the
// disk: after a failed sync the kernel keeps such pages in memory and calls them clean. A power cut
// would bring the log without them to light, and SQLite would put its older pages over newer ones
// of the database. So the whole log is written again before it counts.
Result<> save_write_ahead_log(Connection& connection) {
  // The first look at the database opens the log.
  if (const Result<std::string> looked = connection.query("PRAGMA schema_version"); !looked) {
    return fail(looked.error());
  }
  return connection.rewrite_log();
}

// Into the database, synced; then the log is empty on the disk, too.
Result<> empty_write_ahead_log(Connection& connection) {
  const Result<std::string> busy = connection.query("PRAGMA wal_checkpoint(TRUNCATE)");
  if (!busy) {
    return fail(busy.error());
  }
  if (*busy != "0") {
    return fail(Errc::storage_failed, "journal " + connection.path() + " is in use");
  }
  return connection.sync_log();
}

}  // namespace

Result<> migrate(Connection& connection, MigrationSteps steps) {
  const Result<std::size_t> version = read_version(connection);
  if (!version) {
    return fail(version.error());
  }
  if (Result<> ours = check_owner(connection, *version); !ours) {
    return ours;
  }
  if (*version > steps.size()) {
    return fail(Errc::storage_failed, "journal " + connection.path() + " has version " +
                                          std::to_string(*version) +
                                          ", this program knows versions up to " +
                                          std::to_string(steps.size()) + ": use a newer one");
  }
  for (std::size_t i = *version; i < steps.size(); ++i) {
    if (Result<> done = run_step(connection, i + 1, steps[i]); !done) {
      return done;
    }
  }
  return {};
}

Result<Connection> open_database(const std::string& path, Durability durability) {
  Result<Connection> connection = Connection::open(path);
  if (!connection) {
    return connection;
  }
  Result<> done = set_pragmas(*connection, durability);
  if (done) {
    done = save_write_ahead_log(*connection);
  }
  if (done) {
    done = migrate(*connection, migration_steps());
  }
  if (done) {
    done = empty_write_ahead_log(*connection);
  }
  if (!done) {
    return fail(done.error());
  }
  connection->keep_log_at_close(false);
  return connection;
}

}  // namespace sluice::journal
