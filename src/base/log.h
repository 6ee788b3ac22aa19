// SPDX-License-Identifier: MIT
// What happened, for the operator: one event, one line, with typed fields. Where it goes and how it
// is escaped is the sink's matter (ops/log_sink). Upload tokens are never logged: they are the
// capability.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace sluice {

enum class LogLevel { debug, info, warn, error };

struct LogField {
  using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const char* v) : key(k), value(std::string_view(v)) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(std::string_view(v)) {}
  LogField(std::string_view k, std::int64_t v) : key(k), value(v) {}
  LogField(std::string_view k, std::uint64_t v) : key(k), value(v) {}
  LogField(std::string_view k, int v) : key(k), value(std::int64_t{v}) {}
  LogField(std::string_view k, double v) : key(k), value(v) {}
  LogField(std::string_view k, bool v) : key(k), value(v) {}

  std::string_view key;
  Value value;
};

using LogFields = std::initializer_list<LogField>;

// Any thread may write. The fields are read before write() returns. Key names: `upload` for an
// upload's number, `request` for a request's id.
class Log {
 public:
  virtual ~Log() = default;
  virtual void write(LogLevel level, std::string_view event, LogFields fields) noexcept = 0;

  void debug(std::string_view event, LogFields fields = {}) noexcept;
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
