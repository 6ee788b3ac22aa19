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
#include "base/random.h"
#include "journal/postgres/row_reader.h"

namespace sluice::journal::postgres {
namespace {

constexpr std::array<std::pair<Signal::Kind, std::string_view>, 3> words{{
    {Signal::Kind::cut, "cut"},
    {Signal::Kind::changed, "changed"},
    {Signal::Kind::hurry, "hurry"},
}};

// Takes the number behind a blank off the front of `text`; false where none is there.
bool take_number(std::string_view& text, std::uint64_t& number) {
  if (!text.starts_with(' ')) {
    return false;
  }
  text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return error == std::errc();
}

}  // namespace

std::string to_text(const Signal& signal) {
  for (const auto& [kind, word] : words) {
    if (kind != signal.kind) {
      continue;
    }
    std::string text = std::string(word) + " " + std::to_string(signal.upload_id);
    if (kind == Signal::Kind::cut) {
      text += " " + std::to_string(signal.range.begin) + " " + std::to_string(signal.range.end);
    }
    return text;
  }
  SLUICE_CHECK(false);
}

std::optional<Signal> signal_from_text(std::string_view text) {
  for (const auto& [kind, word] : words) {
    if (word != text.substr(0, text.find(' '))) {
      continue;
    }
    text.remove_prefix(word.size());
    Signal signal{.kind = kind};
    bool is_good = take_number(text, signal.upload_id);
    if (kind == Signal::Kind::cut) {
      is_good = is_good && take_number(text, signal.range.begin) &&
                take_number(text, signal.range.end) && signal.range.begin <= signal.range.end;
    }
    return is_good && text.empty() ? std::optional(signal) : std::nullopt;
  }
  return std::nullopt;
}

PostgresSignals::PostgresSignals(Settings settings, ConnectionPool& pool, Log& log)
    : settings_(std::move(settings)),
      pool_(pool),
      log_(log),
      self_(random_hex_id() + " "),
      ending_(::eventfd(0, EFD_CLOEXEC)) {
  SLUICE_CHECK(ending_ >= 0);
}

PostgresSignals::~PostgresSignals() {
  if (thread_.joinable()) {
    SLUICE_CHECK(::eventfd_write(ending_, 1) == 0);
    thread_.join();
  }
  ::close(ending_);
}

void PostgresSignals::listen(Ear heard) {
  heard_ = std::move(heard);
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "signals");
    run();
  });
}

runtime::Task<Result<>> PostgresSignals::send(Signal signal) {
  // The channels of a database are those of all its schemas.
  static const Statement statement{"notify", "SELECT pg_notify('sluice_' || current_schema(), $1)"};
  auto work = [text = self_ + to_text(signal)](Connection& connection,
                                               Deadline deadline) -> Result<> {
    Query query(statement);
    query.bind_text(text);
    const auto sent = connection.run(std::span(&query, 1), deadline);
    return sent ? Result<>() : fail(to_error(sent.error()));
  };
  co_return co_await pool_.run(std::move(work));
}

PostgresSignals::Woken PostgresSignals::wait(int socket, Duration silence_max) const {
  std::array<pollfd, 2> polled{pollfd{ending_, POLLIN, 0}, pollfd{socket, POLLIN, 0}};
  ::poll(polled.data(), polled.size(), static_cast<int>(silence_max.count()));
  if (polled[0].revents != 0) {
    return Woken::by_end;
  }
  return polled[1].revents != 0 ? Woken::by_server : Woken::by_silence;
}

// Says once why there is silence, however often it tries.
void PostgresSignals::run() {
  std::string said;
  while (const std::optional<std::string> reason = hear_until_failure()) {
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
Result<> PostgresSignals::begin(Connection& connection) {
  const Deadline deadline = std::chrono::steady_clock::now() + settings_.call_time;
  static const Statement statement{"channel", "SELECT quote_ident('sluice_' || current_schema())"};
  const Result<Rows> rows = ask(connection, Query(statement), deadline);
  if (!rows) {
    return fail(rows.error());
  }
  const auto listening = connection.execute("LISTEN " + rows->row(0).take_bytes(), deadline);
  return listening ? Result<>() : fail(to_error(listening.error()));
}

std::optional<std::string> PostgresSignals::hear_until_failure() {
  auto opened = Connection::open(settings_, std::chrono::steady_clock::now() + settings_.call_time);
  if (!opened) {
    return opened.error().message;
  }
  Connection& connection = **opened;
  if (const Result<> begun = begin(connection); !begun) {
    return begun.error().message();
  }
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
    for (const std::string_view text : *texts) {
      if (text.starts_with(self_)) {
        continue;
      }
      if (const auto signal = signal_from_text(text.substr(text.find(' ') + 1))) {
        heard_(*signal);
      }
    }
  }
}

}  // namespace sluice::journal::postgres
