// SPDX-License-Identifier: MIT
#include "admin/log_sink.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <ctime>
#include <exception>
#include <iterator>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/printable.h"

namespace sluice::admin {
namespace {

constexpr std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::info:
      return "info";
    case LogLevel::warn:
      return "warn";
    case LogLevel::error:
      return "error";
  }
  return "error";
}

// RFC 3339 with milliseconds, in UTC.
std::string rfc3339(Timestamp time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t seconds = std::chrono::system_clock::to_time_t(whole);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     (time - whole).count());
}

std::string shortened(std::string_view value) {
  std::string text = printable(value.substr(0, limits::log_value_bytes_max));
  if (value.size() > limits::log_value_bytes_max) {
    text += "...";
  }
  return text;
}

struct JsonValue {
  std::string operator()(std::string_view value) const { return '"' + shortened(value) + '"'; }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(double value) const {
    return std::isfinite(value) ? fmt::format("{}", value) : "null";
  }
  template <class Integer>
  std::string operator()(Integer value) const {
    return fmt::format("{}", value);
  }
};

// A word stays bare; what could be taken for two words or for another field is quoted.
struct TextValue {
  std::string operator()(std::string_view value) const {
    const std::string text = shortened(value);
    const bool bare = !text.empty() && text == value && text.find_first_of(" =") == text.npos;
    return bare ? text : '"' + text + '"';
  }
  std::string operator()(double value) const { return fmt::format("{}", value); }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  template <class Integer>
  std::string operator()(Integer value) const {
    return fmt::format("{}", value);
  }
};

// Returns the rest that the descriptor refuses.
std::string_view write_all(int descriptor, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t count = ::write(descriptor, text.data(), text.size());
    if (count >= 0) {
      text.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      // Another process that has the same pipe open may have made it so.
      pollfd room{descriptor, POLLOUT, 0};
      ::poll(&room, 1, -1);
    } else if (errno != EINTR) {
      break;
    }
  }
  return text;
}

sockaddr_un journal_address(const std::string& path) noexcept {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
  return address;
}

// Each line is a datagram. A journal that starts again is found again by its path.
std::string_view send_all(int descriptor, const sockaddr_un& journal, std::vector<char>& entry,
                          std::string_view lines) noexcept {
  while (!lines.empty()) {
    const std::size_t size = lines.find('\n');
    const std::string_view line = lines.substr(0, std::min(size, entry.size()));
    std::ranges::replace_copy(line, entry.begin(), journal_separator, '\n');
    ssize_t sent = -1;
    do {
      sent = ::sendto(descriptor, entry.data(), line.size(), MSG_NOSIGNAL,
                      reinterpret_cast<const sockaddr*>(&journal), sizeof journal);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) {
      break;
    }
    lines.remove_prefix(size + 1);
  }
  return lines;
}

constexpr int syslog_priority(LogLevel level) {
  switch (level) {
    case LogLevel::info:
      return LOG_INFO;
    case LogLevel::warn:
      return LOG_WARNING;
    case LogLevel::error:
      break;
  }
  return LOG_ERR;
}

std::string message_of(std::string_view event, LogFields fields) {
  std::string text = shortened(event);
  for (const LogField& field : fields) {
    fmt::format_to(std::back_inserter(text), " {}={}", field.key.text(),
                   std::visit(TextValue{}, field.value));
  }
  return text;
}

struct JournalValue : TextValue {
  using TextValue::operator();
  std::string operator()(std::string_view value) const { return shortened(value); }
};

}  // namespace

std::string text_line(Timestamp time, LogLevel level, std::string_view event, LogFields fields) {
  return fmt::format("{} {:<5} {}", rfc3339(time), level_name(level), message_of(event, fields));
}

std::string journal_line(Timestamp /*time*/, LogLevel level, std::string_view event,
                         LogFields fields) {
  std::string line = fmt::format(
      "MESSAGE={1}{0}PRIORITY={2}{0}SYSLOG_IDENTIFIER=sluice{0}"
      "SLUICE_EVENT={3}",
      journal_separator, message_of(event, fields), syslog_priority(level), shortened(event));
  for (const LogField& field : fields) {
    line += journal_separator;
    line += "SLUICE_";
    for (const char c : field.key.text()) {
      line += c == '_' ? c : static_cast<char>(c - 'a' + 'A');
    }
    line += '=' + std::visit(JournalValue{}, field.value);
  }
  return line;
}

std::string json_line(Timestamp time, LogLevel level, std::string_view event, LogFields fields) {
  std::string line = fmt::format(R"({{"time":"{}","level":"{}","event":"{}")", rfc3339(time),
                                 level_name(level), shortened(event));
  for (const LogField& field : fields) {
    fmt::format_to(std::back_inserter(line), R"(,"{}":{})", field.key.text(),
                   std::visit(JsonValue{}, field.value));
  }
  line += '}';
  return line;
}

// A socket of its own finds out: one that is connected would lose a journal that starts again.
Result<int> open_journal(const std::string& path) {
  const sockaddr_un address = journal_address(path);
  const auto socket = [] { return ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0); };
  const int scout = socket();
  if (::connect(scout, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const std::string reason = std::strerror(errno);
    ::close(scout);
    return fail(Errc::storage_failed,
                "log.journal: no journal takes entries at " + path + ": " + reason);
  }
  ::close(scout);
  return socket();
}

namespace {

auto form_of(config::LogFormat format, int descriptor) {
  switch (format) {
    case config::LogFormat::journald:
      return journal_line;
    case config::LogFormat::text:
      return text_line;
    case config::LogFormat::json:
      return json_line;
    case config::LogFormat::automatic:
      break;
  }
  return ::isatty(descriptor) == 0 ? json_line : text_line;
}

std::function<std::string_view(std::string_view)> writer_of(config::LogFormat format,
                                                            int descriptor,
                                                            const std::string& journal) {
  if (format == config::LogFormat::journald) {
    std::vector<char> entry(limits::log_entry_bytes_max);
    return [descriptor, address = journal_address(journal),
            entry = std::move(entry)](std::string_view lines) mutable {
      return send_all(descriptor, address, entry, lines);
    };
  }
  return [descriptor](std::string_view lines) { return write_all(descriptor, lines); };
}

}  // namespace

LogSink::LogSink(const Clock& clock, LogLevel least, config::LogFormat format, int descriptor,
                 Counter& dropped, Duration flush_time_max, const std::string& journal)
    : clock_(clock),
      least_(least),
      form_(form_of(format, descriptor)),
      dropped_(dropped),
      flush_time_max_(flush_time_max),
      queue_(std::make_shared<Queue>()),
      writer_([queue = queue_, write = writer_of(format, descriptor, journal)]() mutable {
        run(*queue, write);
      }) {}

LogSink::~LogSink() {
  MutexLock lock(queue_->mutex);
  add({});
  queue_->ending = true;
  queue_->changed.notify_all();
  const bool ended = queue_->changed.wait_for(
      lock, flush_time_max_, [this]() REQUIRES(queue_->mutex) { return queue_->ended; });
  lock.unlock();
  if (ended) {
    writer_.join();
  } else {
    writer_.detach();
  }
}

void LogSink::write(LogLevel level, std::string_view event, LogFields fields) noexcept {
  if (level < least_) {
    return;
  }
  std::string text;
  try {
    text = line(level, event, fields);
  } catch (const std::exception&) {
    text.clear();  // Out of memory: the event is lost, the program goes on.
  }
  const MutexLock lock(queue_->mutex);
  if (text.empty()) {
    drop(1);
  } else {
    add(text);
  }
}

std::string LogSink::line(LogLevel level, std::string_view event, LogFields fields) const {
  return form_(clock_.now(), level, event, fields) + '\n';
}

void LogSink::drop(std::uint64_t count) noexcept {
  queue_->untold += count;
  dropped_.add(count);
}

// With a line before it that says how many were dropped, once the descriptor takes lines again.
// Without a text that line alone, the last one.
void LogSink::add(std::string_view text) noexcept {
  drop(std::exchange(queue_->refused, 0));
  try {
    const bool tells = queue_->untold > 0 && !queue_->is_refusing;
    const std::string notice =
        tells ? line(LogLevel::warn, "log lines were dropped", {{"lines", queue_->untold}}) : "";
    const std::size_t size = notice.size() + text.size();
    if (!text.empty() && queue_->bytes + size > limits::log_queue_bytes_max) {
      drop(1);
      return;
    }
    queue_->lines.reserve(queue_->lines.size() + size);
    queue_->lines += notice;
    queue_->lines += text;
    queue_->bytes += size;
    queue_->untold = tells ? 0 : queue_->untold;
  } catch (const std::exception&) {
    drop(text.empty() ? 0 : 1);
    return;
  }
  if (queue_->writer_waits) {
    queue_->changed.notify_all();
  }
}

// Sleeps for a moment after each write: where many lines come they are written together, and their
// writers wake no thread.
void LogSink::run(Queue& queue, Write& write) noexcept {
  std::string batch;
  bool is_torn = false;
  MutexLock lock(queue.mutex);
  for (;;) {
    queue.writer_waits = true;
    queue.changed.wait(
        lock, [&queue]() REQUIRES(queue.mutex) { return queue.ending || !queue.lines.empty(); });
    queue.writer_waits = false;
    if (queue.lines.empty()) {
      break;
    }
    batch.swap(queue.lines);
    lock.unlock();
    if (is_torn) {
      write("\n");
    }
    const std::string_view rest = write(batch);
    const std::size_t written = batch.size() - rest.size();
    is_torn = written == 0 ? is_torn : batch[written - 1] != '\n';
    lock.lock();
    queue.bytes -= batch.size();
    queue.refused += static_cast<std::uint64_t>(std::ranges::count(rest, '\n'));
    queue.is_refusing = !rest.empty();
    batch.clear();
    queue.changed.wait_for(lock, limits::log_gather_time,
                           [&queue]() REQUIRES(queue.mutex) { return queue.ending; });
  }
  queue.ended = true;
  queue.changed.notify_all();
}

}  // namespace sluice::admin
