// SPDX-License-Identifier: MIT
#include "journal/postgres/connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace sluice::journal::postgres {
namespace {

constexpr int version_least = 140000;  // Multiranges.

// Messages that are none of a result, which libpq would print.
void ignore_notice(void* /*unused*/, const PGresult* /*notice*/) {}

Failure refused(std::string message) {
  Failure failure;
  failure.message = std::move(message);
  return failure;
}

// libpq ends its messages with a line break.
std::string message_of(const PGconn* connection) {
  std::string message = PQerrorMessage(connection);
  message.erase(message.find_last_not_of('\n') + 1);
  return message;
}

// To a server that takes changes, if there is one among the hosts.
PGconn* connect(const Settings& settings) {
  const std::string seconds = std::to_string(limits::postgres_connect_seconds);
  // Of two values for a keyword the latter counts; those of `dbname` are all that it holds.
  const char* const password = settings.password.empty() ? nullptr : settings.password.c_str();
  const std::array<const char*, 7> keywords{"connect_timeout",
                                            "fallback_application_name",
                                            "dbname",
                                            "client_encoding",
                                            "target_session_attrs",
                                            "password",
                                            nullptr};
  const std::array<const char*, 7> values{
      seconds.c_str(), "sluice", settings.connection.c_str(), "UTF8", "read-write",
      password,        nullptr};
  return PQconnectdbParams(keywords.data(), values.data(), 1);
}

// libpq says it in these words (src/interfaces/libpq/fe-connect.c).
std::string with_remedy(std::string message) {
  if (message.contains("read-only") || message.contains("hot standby")) {
    message +=
        ": connect to the primary server, and set default_transaction_read_only = off for the "
        "database and the role";
  }
  return message;
}

// Of a server that would lose what it has confirmed.
std::string fault_of(Fields& settings) {
  if (settings.take_bytes() == "off") {
    return "fsync is off, a power cut would destroy the database: set fsync = on in its "
           "configuration and reload it";
  }
  if (settings.take_bytes() == "off") {
    return "synchronous_commit is off, a power cut would lose what it has confirmed: set "
           "synchronous_commit = on, for the server, the database and the role";
  }
  return {};
}

}  // namespace

std::expected<std::unique_ptr<Connection>, Failure> Connection::open(const Settings& settings,
                                                                     Deadline deadline) {
  std::unique_ptr<Connection> opened(new Connection(connect(settings)));
  PGconn* const connection = opened->connection_.get();
  if (PQstatus(connection) != CONNECTION_OK) {
    return std::unexpected(refused(with_remedy(message_of(connection))));
  }
  if (PQserverVersion(connection) < version_least) {
    return std::unexpected(refused("the server has version " +
                                   std::to_string(PQserverVersion(connection)) +
                                   ", expected PostgreSQL 14 or later"));
  }
  PQsetNoticeReceiver(connection, ignore_notice, nullptr);
  SLUICE_CHECK(PQsetnonblocking(connection, 1) == 0);
  SLUICE_CHECK(PQenterPipelineMode(connection) == 1);
  if (auto greeted = opened->greet(settings, deadline); !greeted) {
    return std::unexpected(greeted.error());
  }
  return opened;
}

// The server ends a statement before this process gives it up: then the outcome is known, and
// connections that were given up do not gather there.
std::expected<void, Failure> Connection::greet(const Settings& settings, Deadline deadline) {
  static const Statement greeting{
      "greeting",
      "SELECT current_setting('fsync'), current_setting('synchronous_commit'),"
      " set_config('statement_timeout', $1, false)"};
  std::array<Query, 1> query{Query(greeting)};
  query[0].bind_text(std::to_string(settings.call_time.count() * 4 / 5));
  const auto rows = run(query, deadline);
  if (!rows) {
    return std::unexpected(rows.error());
  }
  ResultRow row = rows->front().row(0);
  if (const std::string fault = fault_of(row); !fault.empty()) {
    return std::unexpected(refused(fault));
  }
  return {};
}

bool Connection::is_usable() const {
  pollfd socket{PQsocket(connection_.get()), POLLIN, 0};
  return !is_broken_ && ::poll(&socket, 1, 0) == 0;
}

// What has not left this process must not do so at the end: libpq would send it before its goodbye.
Failure Connection::lost(std::string message) {
  is_broken_ = true;
  ::shutdown(PQsocket(connection_.get()), SHUT_RDWR);
  Failure failure;
  failure.message = std::move(message);
  failure.is_outcome_unknown = is_sent_;
  return failure;
}

std::expected<void, Failure> Connection::wait(Deadline deadline) {
  const int unsent = PQflush(connection_.get());
  if (unsent < 0) {
    return std::unexpected(lost(message_of(connection_.get())));
  }
  is_sent_ = unsent == 0;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  if (left.count() <= 0) {
    return std::unexpected(lost("no answer in time"));
  }
  const int events = unsent == 0 ? POLLIN : POLLIN | POLLOUT;
  pollfd socket{PQsocket(connection_.get()), static_cast<short>(events), 0};
  if (::poll(&socket, 1, static_cast<int>(left.count())) < 0 && errno != EINTR) {
    return std::unexpected(lost("poll fails"));
  }
  // What cannot be read any more, the next result tells.
  if ((socket.revents & ~POLLOUT) != 0) {
    PQconsumeInput(connection_.get());
  }
  return {};
}

std::expected<ResultHandle, Failure> Connection::next(Deadline deadline) {
  while (PQisBusy(connection_.get()) != 0) {
    if (auto waited = wait(deadline); !waited) {
      return std::unexpected(waited.error());
    }
  }
  return ResultHandle(PQgetResult(connection_.get()));
}

bool Connection::send_query(const Query& query) {
  std::vector<const char*> values;
  std::vector<int> sizes;
  for (const std::optional<std::string>& value : query.values()) {
    values.push_back(value ? value->data() : nullptr);
    sizes.push_back(value ? static_cast<int>(value->size()) : 0);
  }
  const std::vector<int> formats(values.size(), 1);
  return PQsendQueryPrepared(connection_.get(), query.statement().name.c_str(),
                             static_cast<int>(values.size()), values.data(), sizes.data(),
                             formats.data(), 1) == 1;
}

std::expected<std::vector<Connection::Step>, Failure> Connection::send(
    std::span<const Query> queries) {
  std::vector<Step> steps;
  std::set<std::string_view> coming;
  for (std::size_t i = 0; i < queries.size(); ++i) {
    const Statement& statement = queries[i].statement();
    if (!prepared_.contains(statement.name) && coming.insert(statement.name).second) {
      if (PQsendPrepare(connection_.get(), statement.name.c_str(), statement.sql.c_str(), 0,
                        nullptr) != 1) {
        return std::unexpected(lost(message_of(connection_.get())));
      }
      steps.push_back({i, true});
    }
    if (!send_query(queries[i])) {
      return std::unexpected(lost(message_of(connection_.get())));
    }
    steps.push_back({i, false});
  }
  // Only with this the transaction comes to be.
  is_sent_ = true;
  if (PQpipelineSync(connection_.get()) != 1) {
    return std::unexpected(lost(message_of(connection_.get())));
  }
  return steps;
}

std::expected<ResultHandle, Failure> Connection::result_of_step(Deadline deadline) {
  auto result = next(deadline);
  if (!result) {
    return result;
  }
  const ExecStatusType status = PQresultStatus(result->get());
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
    if (const auto end = next(deadline); !end) {
      return std::unexpected(end.error());
    }
    return result;
  }
  Failure failure = *result ? failure_of(**result) : Failure();
  if (failure.state.empty()) {
    return std::unexpected(lost(message_of(connection_.get())));
  }
  // The server says itself that the query failed: its transaction does not come to be.
  const bool is_over = PQstatus(connection_.get()) != CONNECTION_OK || is_of_connection(failure);
  is_broken_ = is_over || !next(deadline);
  return std::unexpected(std::move(failure));
}

// Reads on to the point where the server is ready again; after a failure too.
std::expected<void, Failure> Connection::finish(Deadline deadline) {
  auto result = next(deadline);
  while (result && *result && PQresultStatus(result->get()) == PGRES_PIPELINE_ABORTED) {
    result = next(deadline);
    if (result && !*result) {
      result = next(deadline);
    }
  }
  if (!result) {
    return std::unexpected(result.error());
  }
  if (PQresultStatus(result->get()) != PGRES_PIPELINE_SYNC) {
    return std::unexpected(lost(message_of(connection_.get())));
  }
  if (const auto end = next(deadline); !end) {
    return std::unexpected(end.error());
  }
  return {};
}

std::expected<std::vector<Rows>, Failure> Connection::run(std::span<const Query> queries,
                                                          Deadline deadline) {
  is_sent_ = false;
  const auto steps = send(queries);
  if (!steps) {
    return std::unexpected(steps.error());
  }
  std::vector<Rows> rows;
  for (const Step& step : *steps) {
    auto result = result_of_step(deadline);
    if (!result) {
      Failure failure = std::move(result).error();
      failure.query = step.query;
      if (!is_broken_ && !finish(deadline)) {
        is_broken_ = true;
      }
      return std::unexpected(std::move(failure));
    }
    if (step.is_preparation) {
      prepared_.insert(queries[step.query].statement().name);
    } else {
      rows.emplace_back(*std::move(result));
    }
  }
  if (auto finished = finish(deadline); !finished) {
    return std::unexpected(finished.error());
  }
  return rows;
}

std::expected<void, Failure> Connection::execute(const std::string& sql, Deadline deadline) {
  is_sent_ = true;
  if (PQexitPipelineMode(connection_.get()) != 1 ||
      PQsendQuery(connection_.get(), sql.c_str()) != 1) {
    return std::unexpected(lost(message_of(connection_.get())));
  }
  std::expected<void, Failure> done;
  for (;;) {
    const auto result = next(deadline);
    if (!result) {
      return std::unexpected(result.error());
    }
    if (!*result) {
      break;
    }
    if (done && PQresultStatus(result->get()) == PGRES_FATAL_ERROR) {
      Failure failure = failure_of(**result);
      done = std::unexpected(failure.state.empty() ? lost(message_of(connection_.get()))
                                                   : std::move(failure));
    }
  }
  if (PQstatus(connection_.get()) != CONNECTION_OK || PQenterPipelineMode(connection_.get()) != 1) {
    is_broken_ = true;
  }
  return done;
}

std::optional<std::vector<std::string>> Connection::take_notifications() {
  if (PQconsumeInput(connection_.get()) != 1) {
    return std::nullopt;
  }
  std::vector<std::string> texts;
  while (PGnotify* const notified = PQnotifies(connection_.get())) {
    texts.emplace_back(notified->extra);
    PQfreemem(notified);
  }
  return texts;
}

}  // namespace sluice::journal::postgres
