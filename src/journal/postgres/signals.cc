// SPDX-License-Identifier: MIT
#include "journal/postgres/signals.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "journal/postgres/row_reader.h"

namespace sluice::journal::postgres {
namespace {

constexpr std::array<std::pair<Signal::Kind, std::string_view>, 4> words{{
    {Signal::Kind::cut, "cut"},
    {Signal::Kind::answer, "answer"},
    {Signal::Kind::abort, "abort"},
    {Signal::Kind::hurry, "hurry"},
}};

}  // namespace

std::string to_text(const Signal& signal) {
  for (const auto& [kind, word] : words) {
    if (kind == signal.kind) {
      return std::string(word) + " " + std::to_string(signal.upload_id);
    }
  }
  SLUICE_CHECK(false);
}

std::optional<Signal> signal_from_text(std::string_view text) {
  const std::size_t space = text.find(' ');
  for (const auto& [kind, word] : words) {
    if (space == std::string_view::npos || word != text.substr(0, space)) {
      continue;
    }
    Signal signal{kind, 0};
    const std::string_view number = text.substr(space + 1);
    const auto [end, error] =
        std::from_chars(number.data(), number.data() + number.size(), signal.upload_id);
    const bool is_whole = error == std::errc() && end == number.data() + number.size();
    return is_whole ? std::optional(signal) : std::nullopt;
  }
  return std::nullopt;
}

Signals::Signals(Settings settings, ConnectionPool& pool, Ears ears, Log& log)
    : settings_(std::move(settings)),
      pool_(pool),
      ears_(std::move(ears)),
      log_(log),
      ending_(::eventfd(0, EFD_CLOEXEC)) {
  SLUICE_CHECK(ending_ >= 0);
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "signals");
    run();
  });
}

Signals::~Signals() {
  SLUICE_CHECK(::eventfd_write(ending_, 1) == 0);
  thread_.join();
  ::close(ending_);
}

runtime::Task<Result<>> Signals::send(Signal signal) {
  // The channels of a database are those of all its schemas.
  static const Statement statement{"notify", "SELECT pg_notify('sluice_' || current_schema(), $1)"};
  auto work = [signal](Connection& connection, Deadline deadline) -> Result<> {
    Query query(statement);
    query.bind_text(to_text(signal));
    const auto sent = connection.run(std::span(&query, 1), deadline);
    return sent ? Result<>() : fail(to_error(sent.error()));
  };
  co_return co_await pool_.run(std::move(work));
}

Signals::Woken Signals::wait(int socket, Duration silence_max) const {
  std::array<pollfd, 2> polled{pollfd{ending_, POLLIN, 0}, pollfd{socket, POLLIN, 0}};
  ::poll(polled.data(), polled.size(), static_cast<int>(silence_max.count()));
  if (polled[0].revents != 0) {
    return Woken::by_end;
  }
  return polled[1].revents != 0 ? Woken::by_server : Woken::by_silence;
}

// Says once why there is silence, however often it tries.
void Signals::run() {
  std::string said;
  while (const std::optional<std::string> reason = listen()) {
    if (*reason != said) {
      log_.warn("the journal tells no signals of other nodes", {{"reason", *reason}});
      said = *reason;
    }
    if (wait(-1, limits::postgres_signals_pause) == Woken::by_end) {
      return;
    }
  }
}

// LISTEN takes a name, no value.
Result<> Signals::begin(Connection& connection) {
  const Deadline deadline = std::chrono::steady_clock::now() + settings_.call_time;
  static const Statement statement{"channel", "SELECT quote_ident('sluice_' || current_schema())"};
  const Result<Rows> rows = ask(connection, Query(statement), deadline);
  if (!rows) {
    return fail(rows.error());
  }
  const auto listening = connection.execute("LISTEN " + rows->row(0).take_bytes(), deadline);
  return listening ? Result<>() : fail(to_error(listening.error()));
}

std::optional<std::string> Signals::listen() {
  auto opened = Connection::open(settings_, std::chrono::steady_clock::now() + settings_.call_time);
  if (!opened) {
    return opened.error().message;
  }
  Connection& connection = **opened;
  if (const Result<> begun = begin(connection); !begun) {
    return begun.error().message();
  }
  ears_.begun();
  for (;;) {
    const Woken woken = wait(connection.socket(), limits::postgres_signals_silence_max);
    if (woken == Woken::by_end) {
      return std::nullopt;
    }
    // A connection may end without a word.
    if (woken == Woken::by_silence) {
      const auto answered =
          connection.execute("", std::chrono::steady_clock::now() + settings_.call_time);
      if (!answered) {
        return answered.error().message;
      }
    }
    const auto texts = connection.take_notifications();
    if (!texts) {
      return "the connection has ended";
    }
    for (const std::string& text : *texts) {
      if (const std::optional<Signal> signal = signal_from_text(text)) {
        ears_.heard(*signal);
      }
    }
  }
}

}  // namespace sluice::journal::postgres
