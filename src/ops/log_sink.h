// SPDX-License-Identifier: MIT
// The log on a file descriptor: a line an event, as text for people or as a JSON object.
#pragma once

#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "ops/config.h"

namespace sluice::ops {

// One line without its line feed. Nothing in a field can leave its place: values are escaped, and
// cut at limits::log_value_bytes_max.
std::string text_line(Timestamp time, LogLevel level, std::string_view event, LogFields fields);
std::string json_line(Timestamp time, LogLevel level, std::string_view event, LogFields fields);

// Each line goes out in one write(2), under a lock, so that lines of threads never mix. A line that
// the descriptor does not take is lost: there is nobody to tell. A full pipe makes the writer wait.
class LogSink final : public Log {
 public:
  // `descriptor` stays the caller's.
  LogSink(const Clock& clock, LogLevel least, LogFormat format, int descriptor);

  void write(LogLevel level, std::string_view event, LogFields fields) noexcept override;

 private:
  const Clock& clock_;
  const LogLevel least_;
  const bool json_;
  const int descriptor_;
  std::mutex mutex_;
};

}  // namespace sluice::ops
