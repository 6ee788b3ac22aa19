// SPDX-License-Identifier: MIT
#include "journal/postgres/server_facts.h"

#include <chrono>
#include <utility>

#include "base/limits.h"
#include "journal/postgres/row_reader.h"

namespace sluice::journal::postgres {

Result<bool> survives_failover(Connection& connection, Deadline deadline) {
  static const Statement statement{
      "failover",
      "SELECT (count(*) = 0 OR (current_setting('synchronous_standby_names') <> ''"
      " AND current_setting('synchronous_commit') <> 'local'))::int::bigint"
      " FROM pg_stat_replication"};
  const Result<Rows> rows = ask(connection, Query(statement), deadline);
  if (!rows) {
    return fail(rows.error());
  }
  return rows->row(0).take_integer() == 1;
}

Result<std::string> read_secret(Connection& connection, Deadline deadline) {
  static const Statement statement{"secret", "SELECT secret FROM shared_secret"};
  const Result<Rows> rows = ask(connection, Query(statement), deadline);
  if (!rows) {
    return fail(rows.error());
  }
  if (rows->count() != 1) {
    return fail(Errc::storage_failed, "PostgreSQL: the table shared_secret has no row: restore it");
  }
  return rows->row(0).take_bytes();
}

// The time that the server tells is taken for that of the middle of the call.
Result<Duration> read_clock(Connection& connection, Deadline deadline) {
  static const Statement statement{"clock",
                                   "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"};
  const SystemClock wall;
  const Timestamp asked = wall.now();
  const Result<Rows> rows = ask(connection, Query(statement), deadline);
  if (!rows) {
    return fail(rows.error());
  }
  const Timestamp there{Duration(rows->row(0).take_integer())};
  const Duration offset = there - (asked + (wall.now() - asked) / 2);
  return abs(offset) < limits::postgres_clock_tolerance ? Duration::zero() : offset;
}

Result<std::unique_ptr<Connection>> connect_first(const Settings& settings) {
  auto connection =
      Connection::open(settings, std::chrono::steady_clock::now() + settings.call_time);
  if (!connection) {
    Failure failure = std::move(connection).error();
    failure.is_outcome_unknown = false;
    return fail(to_error(failure));
  }
  return *std::move(connection);
}

Result<> try_server(const Settings& settings) {
  const auto connection = connect_first(settings);
  return connection ? Result<>() : fail(connection.error());
}

}  // namespace sluice::journal::postgres
