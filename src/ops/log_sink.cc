// SPDX-License-Identifier: MIT
#include "ops/log_sink.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <ctime>
#include <exception>
#include <iterator>

#include "base/limits.h"
#include "ops/printable.h"

namespace sluice::ops {
namespace {

constexpr std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
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

void write_all(int descriptor, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t count = ::write(descriptor, text.data(), text.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      return;
    }
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace

std::string text_line(Timestamp time, LogLevel level, std::string_view event, LogFields fields) {
  std::string line = fmt::format("{} {:<5} {}", rfc3339(time), level_name(level), shortened(event));
  for (const LogField& field : fields) {
    fmt::format_to(std::back_inserter(line), " {}={}", shortened(field.key),
                   std::visit(TextValue{}, field.value));
  }
  return line;
}

std::string json_line(Timestamp time, LogLevel level, std::string_view event, LogFields fields) {
  std::string line = fmt::format(R"({{"time":"{}","level":"{}","event":"{}")", rfc3339(time),
                                 level_name(level), shortened(event));
  for (const LogField& field : fields) {
    fmt::format_to(std::back_inserter(line), R"(,"{}":{})", shortened(field.key),
                   std::visit(JsonValue{}, field.value));
  }
  line += '}';
  return line;
}

LogSink::LogSink(const Clock& clock, LogLevel least, LogFormat format, int descriptor)
    : clock_(clock),
      least_(least),
      json_(format == LogFormat::json ||
            (format == LogFormat::automatic && ::isatty(descriptor) == 0)),
      descriptor_(descriptor) {}

void LogSink::write(LogLevel level, std::string_view event, LogFields fields) noexcept {
  if (level < least_) {
    return;
  }
  try {
    std::string line = (json_ ? json_line : text_line)(clock_.now(), level, event, fields);
    line += '\n';
    const std::scoped_lock lock(mutex_);
    write_all(descriptor_, line);
  } catch (const std::exception&) {
    // Out of memory: the event is lost, the program goes on.
    const std::scoped_lock lock(mutex_);
    write_all(descriptor_, json_ ? R"({"level":"error","event":"log_line_lost"})"
                                   "\n"
                                 : "error log_line_lost\n");
  }
}

}  // namespace sluice::ops
