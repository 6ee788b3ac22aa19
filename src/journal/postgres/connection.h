// SPDX-License-Identifier: MIT
// One connection to PostgreSQL. Its calls block the thread that makes them, but none for longer
// than its deadline: a connection that is past it is not used again. One thread at a time.
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "journal/postgres/failure.h"
#include "journal/postgres/query.h"

namespace sluice::journal::postgres {

using Deadline = std::chrono::steady_clock::time_point;

struct Settings {
  // As libpq takes it: "host=... dbname=..." or "postgresql://...". Several hosts are tried in
  // their order. It may hold a password, and is never logged.
  std::string connection;
  std::string password = {};  // Empty: as `connection` has it.
  Duration call_time = limits::postgres_call_time_max;
  std::size_t connections = limits::postgres_connections;
};

struct ConnectionCloser {
  void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
};

class Connection {
 public:
  // To a server that takes changes and keeps what it has confirmed. Finding the address of a host's
  // name has no deadline but the resolver's own; each address has limits::postgres_connect_seconds
  // unless the settings say otherwise.
  static std::expected<std::unique_ptr<Connection>, Failure> open(const Settings& settings,
                                                                  Deadline deadline);

  // Runs the queries in one transaction, with one message to the server: it waits for no further
  // word while it holds locks, however long this process is stopped. They are all done, or none is.
  std::expected<std::vector<Rows>, Failure> run(std::span<const Query> queries, Deadline deadline);
  // Statements with semicolons between them, in one transaction unless they say otherwise.
  std::expected<void, Failure> execute(const std::string& sql, Deadline deadline);

  // What was notified on the channels that it listens to; nullopt when it has ended. Where there
  // may be something, the socket is readable.
  std::optional<std::vector<std::string>> take_notifications();
  int socket() const { return PQsocket(connection_.get()); }

  // Not after a failure that leaves it open what comes next, nor when the server has said something
  // that it was not asked for: as a rule that it ends.
  bool is_usable() const;

 private:
  explicit Connection(PGconn* connection) : connection_(connection) {}

  struct Step {
    std::size_t query = 0;
    bool is_preparation = false;
  };
  std::expected<void, Failure> greet(const Settings& settings, Deadline deadline);
  std::expected<std::vector<Step>, Failure> send(std::span<const Query> queries);
  bool send_query(const Query& query);
  // The next result; null between those of two queries.
  std::expected<ResultHandle, Failure> next(Deadline deadline);
  // The only result of a query that was sent.
  std::expected<ResultHandle, Failure> result_of_step(Deadline deadline);
  std::expected<void, Failure> finish(Deadline deadline);
  std::expected<void, Failure> wait(Deadline deadline);
  Failure lost(std::string message);

  std::unique_ptr<PGconn, ConnectionCloser> connection_;
  std::set<std::string> prepared_;
  bool is_sent_ = false;  // All that was to be sent has left this process, or may have.
  bool is_broken_ = false;
};

}  // namespace sluice::journal::postgres
