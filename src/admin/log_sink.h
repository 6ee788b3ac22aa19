// SPDX-License-Identifier: MIT
// The log on a file descriptor: a line an event, as text for people or as a JSON object; or in
// systemd's journal, an entry an event.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "config/config.h"

namespace sluice::admin {

// One line without its line feed. Nothing in a field can leave its place: values are escaped, and
// cut at limits::log_value_bytes_max.
std::string text_line(Timestamp time, LogLevel level, std::string_view event, LogFields fields);
std::string json_line(Timestamp time, LogLevel level, std::string_view event, LogFields fields);
// An entry of the journal (systemd's native protocol): MESSAGE, which is the text line without its
// beginning, PRIORITY, SYSLOG_IDENTIFIER, SLUICE_EVENT, and each field as SLUICE_ and its name in
// capitals. journal_separator stands for the line feeds between them.
std::string journal_line(Timestamp time, LogLevel level, std::string_view event, LogFields fields);
inline constexpr char journal_separator = '\x1f';  // Which no value holds.

// A datagram socket for LogFormat::journald, of the caller. An error: no journal is at `path`.
Result<int> open_journal(const std::string& path);

// Lines wait in a queue for a thread that writes them, so that no caller waits for the descriptor.
// A line that finds the queue full (limits::log_queue_bytes_max) is dropped and counted, and so is
// a line that the descriptor refuses; the log says how many. Each write(2) carries whole lines.
class LogSink final : public Log {
 public:
  // `descriptor` stays the caller's; `dropped` counts lines. With LogFormat::journald it is a
  // datagram socket, and `journal` the path that it sends to.
  LogSink(const Clock& clock, LogLevel least, config::LogFormat format, int descriptor,
          Counter& dropped, Duration flush_time_max = limits::log_flush_time_max,
          const std::string& journal = {});
  // Writes what waits. When the descriptor does not take it in time, the thread is left behind in
  // its write(2); it touches nothing of the caller's any more but the descriptor.
  ~LogSink() override;
  LogSink(const LogSink&) = delete;
  LogSink& operator=(const LogSink&) = delete;

  // Any thread.
  void set_least(LogLevel least) noexcept { least_ = least; }
  void write(LogLevel level, std::string_view event, LogFields fields) noexcept override;

 private:
  // Shared with the thread, which may outlive the sink.
  struct Queue {
    Mutex mutex;
    ConditionVariable changed;
    // That wait, each with its line feed.
    std::string lines GUARDED_BY(mutex);
    // Of these, and of those that are being written.
    std::size_t bytes GUARDED_BY(mutex) = 0;
    // Lines that the descriptor did not take; not counted yet.
    std::uint64_t refused GUARDED_BY(mutex) = 0;
    // Lines that are counted as dropped; no line says so yet.
    std::uint64_t untold GUARDED_BY(mutex) = 0;
    // The descriptor did not take the latest lines.
    bool is_refusing GUARDED_BY(mutex) = false;
    bool writer_waits GUARDED_BY(mutex) = false;
    bool ending GUARDED_BY(mutex) = false;
    bool ended GUARDED_BY(mutex) = false;
  };

  std::string line(LogLevel level, std::string_view event, LogFields fields) const;
  void add(std::string_view text) noexcept REQUIRES(queue_->mutex);
  void drop(std::uint64_t count) noexcept REQUIRES(queue_->mutex);
  // Returns the rest that was refused.
  using Write = std::function<std::string_view(std::string_view lines)>;
  static void run(Queue& queue, Write& write) noexcept;

  const Clock& clock_;
  std::atomic<LogLevel> least_;
  // Makes the line.
  using Form = std::string (*)(Timestamp, LogLevel, std::string_view, LogFields);
  const Form form_;
  Counter& dropped_;
  const Duration flush_time_max_;
  const std::shared_ptr<Queue> queue_;
  std::thread writer_;
};

}  // namespace sluice::admin
