// SPDX-License-Identifier: MIT
#include "journal/postgres/connection_pool.h"

#include <string>

namespace sluice::journal::postgres {

ConnectionPool::ConnectionPool(Settings settings, Metrics& metrics, Log& log)
    : settings_(std::move(settings)),
      metrics_(metrics),
      log_(log),
      threads_(settings_.connections) {}

Error ConnectionPool::overtaxed() {
  return Error(Errc::unavailable,
               "PostgreSQL cannot keep up: " + std::to_string(limits::journal_queue_max) +
                   " calls are waiting");
}

Result<std::unique_ptr<Connection>> ConnectionPool::take(Deadline deadline) {
  waiting_.fetch_sub(1, std::memory_order_relaxed);
  metrics_.postgres_calls_waiting.add(-1);
  if (std::chrono::steady_clock::now() >= deadline) {
    return fail(Errc::unavailable, "PostgreSQL cannot keep up: a call has waited for too long");
  }
  while (std::unique_ptr<Connection> idle = take_idle()) {
    if (idle->is_usable()) {
      return idle;
    }
  }
  auto opened = Connection::open(settings_, deadline);
  note_reached(opened.has_value(), opened ? "" : opened.error().message);
  if (!opened) {
    Failure failure = std::move(opened).error();
    // Of the first look at the server, not of the call.
    failure.is_outcome_unknown = false;
    return fail(to_error(failure));
  }
  return *std::move(opened);
}

// A change that does not fit to what is there is answered, too.
void ConnectionPool::count(Deadline begin, const Error* error) {
  const Errc code = error == nullptr ? Errc::conflict : error->code();
  const bool is_failed = code == Errc::unavailable || code == Errc::storage_failed ||
                         code == Errc::disk_full || code == Errc::internal;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  metrics_.postgres_seconds.observe(is_failed ? "failed" : "answered", "", took.count());
}

std::unique_ptr<Connection> ConnectionPool::take_idle() {
  const MutexLock lock(mutex_);
  if (idle_.empty()) {
    return nullptr;
  }
  std::unique_ptr<Connection> idle = std::move(idle_.back());
  idle_.pop_back();
  return idle;
}

void ConnectionPool::give_back(std::unique_ptr<Connection> connection) {
  if (connection->is_usable()) {
    const MutexLock lock(mutex_);
    idle_.push_back(std::move(connection));
  }
}

// Once for each time that it goes and comes, however many calls there are.
void ConnectionPool::note_reached(bool is_reached, const std::string& reason) {
  if (is_reached_.exchange(is_reached) == is_reached) {
    return;
  }
  if (is_reached) {
    log_.info("the journal is there again");
  } else {
    log_.error("the journal cannot be reached", {{"reason", reason}});
  }
}

}  // namespace sluice::journal::postgres
