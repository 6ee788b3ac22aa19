// SPDX-License-Identifier: MIT
// What nodes tell each other at once: hints, beside the journal, which holds what counts. One may
// be lost, and one may come twice.
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
#include "runtime/task.h"

namespace sluice::journal::postgres {

struct Signal {
  enum class Kind {
    cut,     // Requests of the upload that are older than a second give way to a newer one.
    answer,  // The upload has its answer.
    abort,   // The upload was aborted.
    hurry,   // There is a hand-off, or a notification, that need not wait for its time.
  };
  Kind kind = Kind::cut;
  std::uint64_t upload_id = 0;

  friend bool operator==(const Signal&, const Signal&) = default;
};

// "cut 12"
std::string to_text(const Signal& signal);
// nullopt for a text that to_text() does not make.
std::optional<Signal> signal_from_text(std::string_view text);

// Listens on a thread and a connection of its own, which is opened again for as long as it takes.
class Signals {
 public:
  struct Ears {
    // On the thread of the signals. Those of this process are heard too.
    std::function<void(const Signal&)> heard;
    // Listening begins, at the first time or again: signals may have been missed before.
    std::function<void()> begun;
  };
  // The log must outlive it. The pool is for signals of this process.
  Signals(Settings settings, ConnectionPool& pool, Ears ears, Log& log);
  // Waits until the ears hear nothing any more.
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // To all nodes whose tables are the same.
  runtime::Task<Result<>> send(Signal signal);

 private:
  enum class Woken { by_end, by_server, by_silence };

  void run();
  // Until the connection fails, for the reason that is returned, or the end.
  std::optional<std::string> listen();
  Result<> begin(Connection& connection);
  Woken wait(int socket, Duration silence_max) const;

  const Settings settings_;
  ConnectionPool& pool_;
  const Ears ears_;
  Log& log_;
  int ending_ = -1;  // An eventfd: readable at the end.
  std::thread thread_;
};

}  // namespace sluice::journal::postgres
