// SPDX-License-Identifier: MIT
// Events for the operator: one event, one line, with typed fields. Where it goes and how it is
// escaped is the sink's matter (admin/log_sink). Upload tokens are never logged: they are the
// capability.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace sluice {

enum class LogLevel { info, warn, error };

// A key that the sink itself puts into each line is no name for a field.
constexpr bool is_log_key(std::string_view key) noexcept {
  if (key == "time" || key == "level" || key == "event" || key.empty()) {
    return false;
  }
  for (const char c : key) {
    if (c != '_' && (c < 'a' || c > 'z')) {
      return false;
    }
  }
  return true;
}

// A field's name: a literal, which the compiler judges.
class LogKey {
 public:
  consteval LogKey(const char* text) : text_(text) {
    if (!is_log_key(text_)) {
      throw "expected letters and _, and no name that every line has";
    }
  }
  constexpr std::string_view text() const noexcept { return text_; }

 private:
  std::string_view text_;
};

struct LogField {
  using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

  LogField(LogKey k, std::string_view v) : key(k), value(v) {}
  LogField(LogKey k, const char* v) : key(k), value(std::string_view(v)) {}
  LogField(LogKey k, const std::string& v) : key(k), value(std::string_view(v)) {}
  LogField(LogKey k, std::int64_t v) : key(k), value(v) {}
  LogField(LogKey k, std::uint64_t v) : key(k), value(v) {}
  LogField(LogKey k, int v) : key(k), value(std::int64_t{v}) {}
  LogField(LogKey k, double v) : key(k), value(v) {}
  LogField(LogKey k, bool v) : key(k), value(v) {}

  LogKey key;
  Value value;
};

using LogFields = std::initializer_list<LogField>;

// Any thread may write. The fields are read before write() returns. Key names: `upload` for an
// upload's number, `request` for a request's id.
class Log {
 public:
  virtual ~Log() = default;
  virtual void write(LogLevel level, std::string_view event, LogFields fields) noexcept = 0;

  void info(std::string_view event, LogFields fields = {}) noexcept;
  void warn(std::string_view event, LogFields fields = {}) noexcept;
  void error(std::string_view event, LogFields fields = {}) noexcept;
};

// Throws everything away.
class NullLog final : public Log {
 public:
  void write(LogLevel, std::string_view, LogFields) noexcept override {}
};

}  // namespace sluice
