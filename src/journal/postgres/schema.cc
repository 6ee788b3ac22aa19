// SPDX-License-Identifier: MIT
#include "journal/postgres/schema.h"

#include <array>
#include <chrono>
#include <string>

namespace sluice::journal::postgres {
namespace {

// The lock is the program's own, under a number that nothing else has a reason to use: "Sluice".
constexpr const char* begin_migration =
    "BEGIN; SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock(91802219471717);"
    "CREATE TABLE IF NOT EXISTS sluice_schema (version bigint NOT NULL)";

Error migration_error(const Failure& failure) {
  return Error(to_error(failure).code(),
               "PostgreSQL: the tables cannot be made: " + failure.message +
                   "; Sluice needs a database, or a schema, of its own, "
                   "and a role that may create tables in it");
}

Result<std::size_t> read_version(Connection& connection, Deadline deadline) {
  static const Statement statement{"schema_version",
                                   "SELECT coalesce(max(version), 0) FROM sluice_schema"};
  const std::array<Query, 1> query{Query(statement)};
  const auto rows = connection.run(query, deadline);
  if (!rows) {
    return fail(migration_error(rows.error()));
  }
  return static_cast<std::size_t>(rows->front().row(0).take_integer());
}

Error other_version(std::size_t version, const std::string& known, MigrationSteps steps) {
  return Error(Errc::unavailable, "PostgreSQL: the tables have version " + std::to_string(version) +
                                      ", this program knows " + known +
                                      std::to_string(steps.size()) + ": use " +
                                      (version > steps.size() ? "a newer" : "an older") + " one");
}

}  // namespace

// An error leaves the transaction open: the connection goes, and it with it.
Result<> migrate(Connection& connection, MigrationSteps steps) {
  const Deadline deadline = std::chrono::steady_clock::now() + limits::postgres_migration_time_max;
  if (const auto begun = connection.execute(begin_migration, deadline); !begun) {
    return fail(migration_error(begun.error()));
  }
  const Result<std::size_t> version = read_version(connection, deadline);
  if (!version) {
    return fail(version.error());
  }
  if (*version > steps.size()) {
    return fail(other_version(*version, "versions up to ", steps));
  }
  std::string sql;
  for (std::size_t i = *version; i < steps.size(); ++i) {
    sql += steps[i];
    sql += ";INSERT INTO sluice_schema (version) VALUES (" + std::to_string(i + 1) + ");";
  }
  if (const auto done = connection.execute(sql + "COMMIT", deadline); !done) {
    return fail(migration_error(done.error()));
  }
  return {};
}

Result<> expect_last_version(Connection& connection, MigrationSteps steps) {
  const Result<std::size_t> version =
      read_version(connection, std::chrono::steady_clock::now() + limits::postgres_call_time_max);
  if (!version) {
    return fail(version.error());
  }
  return *version == steps.size() ? Result<>()
                                  : fail(other_version(*version, "only version ", steps));
}

}  // namespace sluice::journal::postgres
