// SPDX-License-Identifier: MIT
// A schema of its own for each test, in the PostgreSQL that the tests were given in their
// environment (test/engines), with a connection of a superuser.
#pragma once

#include <libpq-fe.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

#include "base/check.h"
#include "base/random.h"
#include "journal/postgres/connection.h"

namespace sluice::testing {

inline const char* postgres_connection() {
  return std::getenv("SLUICE_POSTGRES");
}

// What the server says to a test, on a connection that is not the journal's.
class PostgresSession {
 public:
  explicit PostgresSession(const std::string& connection)
      : connection_(PQconnectdb(connection.c_str())) {
    SLUICE_CHECK(PQstatus(connection_.get()) == CONNECTION_OK);
    execute("SET client_min_messages = error");
  }

  // The first column of the first row, as a text; empty where there is none.
  std::string execute(const std::string& sql) {
    const journal::postgres::ResultHandle result(PQexec(connection_.get(), sql.c_str()));
    const ExecStatusType status = PQresultStatus(result.get());
    const bool is_done = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
    if (!is_done) {
      return PQerrorMessage(connection_.get());
    }
    const bool has_value = PQntuples(result.get()) > 0 && PQnfields(result.get()) > 0;
    return has_value ? PQgetvalue(result.get(), 0, 0) : "";
  }

 private:
  std::unique_ptr<PGconn, journal::postgres::ConnectionCloser> connection_;
};

// It stays until the server goes, which the tests have for themselves: that is quicker.
class PostgresSchema {
 public:
  PostgresSchema() {
    connect_again();
    execute("CREATE SCHEMA " + name_);
  }
  PostgresSchema(const PostgresSchema&) = delete;
  PostgresSchema& operator=(const PostgresSchema&) = delete;

  // `options` are further ones of the server, as in "-cwork_mem=1MB".
  journal::postgres::Settings settings(const std::string& options = {}) const {
    journal::postgres::Settings settings;
    settings.connection = std::string(postgres_connection()) + " application_name=" + name_ +
                          " options='-csearch_path=" + name_ + " " + options + "'";
    return settings;
  }
  std::string execute(const std::string& sql) { return session_->execute(sql); }
  // After the server was stopped.
  void connect_again() { session_.emplace(superuser()); }
  // As the journal's connections call themselves.
  const std::string& name() const noexcept { return name_; }

 private:
  std::string superuser() const {
    return std::string(postgres_connection()) + " options=-csearch_path=" + name_;
  }

  const std::string name_ = "test_" + random_hex_id();
  std::optional<PostgresSession> session_;
};

}  // namespace sluice::testing
