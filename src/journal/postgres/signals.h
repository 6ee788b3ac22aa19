// SPDX-License-Identifier: MIT
// The signals of nodes, by NOTIFY and LISTEN of PostgreSQL.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "journal/postgres/connection.h"
#include "journal/postgres/connection_pool.h"
#include "journal/signals.h"
#include "runtime/task.h"

namespace sluice::journal::postgres {

// "cut 12 0 500", "changed 12"
std::string to_text(const Signal& signal);
// nullopt for a text that to_text() does not make.
std::optional<Signal> signal_from_text(std::string_view text);

// Listens on a thread and a connection of its own, which is opened again for as long as it takes.
class PostgresSignals final : public Signals {
 public:
  // The log must outlive it. The pool is for signals of this process.
  PostgresSignals(Settings settings, ConnectionPool& pool, Log& log);
  ~PostgresSignals() override;
  PostgresSignals(const PostgresSignals&) = delete;
  PostgresSignals& operator=(const PostgresSignals&) = delete;

  // To all nodes whose tables are the same.
  runtime::Task<Result<>> send(Signal signal) override;
  void listen(Ear heard) override;

 private:
  enum class Woken { by_end, by_server, by_silence };

  void run();
  // Until the connection fails, for the reason that is returned, or the end.
  std::optional<std::string> hear_until_failure();
  Result<> begin(Connection& connection);
  Woken wait(int socket, Duration silence_max) const;

  const Settings settings_;
  ConnectionPool& pool_;
  Log& log_;
  const std::string self_;  // In front of what this process sends.
  Ear heard_;               // Constant while the thread runs.
  int ending_ = -1;         // An eventfd: readable at the end.
  std::thread thread_;
};

}  // namespace sluice::journal::postgres
