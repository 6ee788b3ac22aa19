// SPDX-License-Identifier: MIT
#include "cli/report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <map>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "base/mutex.h"
#include "cli/terminal.h"

namespace sluice::cli {
namespace {

namespace json = boost::json;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr std::chrono::milliseconds bar_interval{200};
constexpr std::chrono::seconds line_interval{3};
constexpr std::chrono::milliseconds event_interval{500};
constexpr std::chrono::seconds patience_interval{30};
// Most answers come sooner, and a wait that short is not worth a word.
constexpr std::chrono::seconds waiting_shown_after{1};

void print_line(std::FILE* stream, const std::string& line) {
  std::fwrite(line.data(), 1, line.size(), stream);
  std::fputc('\n', stream);
  std::fflush(stream);
}

// The body of the final answer is one line already when it comes from Sluice; another server's may
// not be.
std::string on_one_line(const std::string& body) {
  json::error_code error;
  const json::value document = json::parse(body, error);
  if (!error && body.find('\n') != std::string::npos) {
    return json::serialize(document);
  }
  return body;
}

std::string wait_text(Duration wait) {
  return fmt::format("{:.1f} s", static_cast<double>(wait.count()) / 1000.0);
}

// Of all files so far.
struct Totals {
  Workload workload;
  std::uint64_t files_done = 0;
  std::uint64_t files_failed = 0;
  std::uint64_t bytes_done = 0;  // Of files that have ended.
  std::uint64_t bytes_here = 0;  // Moved by this command.
  std::uint64_t retries = 0;
  SteadyTime began = std::chrono::steady_clock::now();
};

// "11.4 MiB in 0:05 (2.3 MiB/s), 1 retry".
std::string effort_text(std::uint64_t bytes, SteadyTime::duration time, std::uint64_t retries) {
  const double seconds = std::max(std::chrono::duration<double>(time).count(), 0.001);
  const auto rate = static_cast<std::uint64_t>(static_cast<double>(bytes) / seconds);
  return fmt::format("{} in {} ({}/s), {} {}", format_bytes(bytes),
                     format_duration(std::chrono::seconds(static_cast<std::int64_t>(seconds))),
                     format_bytes(rate), retries, retries == 1 ? "retry" : "retries");
}

std::string summary_text(const Totals& totals, SteadyTime now) {
  return fmt::format("{} of {} files uploaded, {}", totals.files_done, totals.workload.files,
                     effort_text(totals.bytes_here, now - totals.began, totals.retries));
}

// Keeps the totals. Lines of different files do not mix: each is printed under the lock.
class CommonReport : public Report {
 public:
  explicit CommonReport(Workload workload) { totals_.workload = workload; }

  void retried() {
    const MutexLock lock(mutex_);
    ++totals_.retries;
  }
  void ended(bool done, std::uint64_t size, std::uint64_t moved) {
    const MutexLock lock(mutex_);
    ++(done ? totals_.files_done : totals_.files_failed);
    totals_.bytes_done += size;
    totals_.bytes_here += moved;
  }
  // To standard error.
  virtual void say(const std::string& line) {
    const MutexLock lock(mutex_);
    print_line(stderr, line);
  }
  // To standard output.
  virtual void answer(const std::string& line) {
    const MutexLock lock(mutex_);
    print_line(stdout, line);
  }
  Totals totals() const {
    const MutexLock lock(mutex_);
    return totals_;
  }

 protected:
  mutable Mutex mutex_;
  Totals totals_ GUARDED_BY(mutex_);
};

class QuietFile : public FileReport {
 public:
  QuietFile(CommonReport& report, const std::string& name, std::optional<std::uint64_t> size)
      : report_(report),
        state_{.name = name, .done = 0, .total = size, .bytes_per_second = std::nullopt} {}

  void size(std::uint64_t bytes) override { state_.total = bytes; }
  void session(const std::string&, bool, std::uint64_t stored) override {
    state_.done = stored;
    began_at_ = stored;
  }
  void progress(std::uint64_t position) override { state_.done = position; }
  void retry(const std::string&, Duration, int attempt, int) override {
    if (attempt > 0) {
      ++retries_;
      report_.retried();
    }
  }
  void note(const std::string&) override {}
  void finished(const std::string& answer, std::uint64_t /*compared*/) override {
    complete();
    end(true);
    report_.answer(on_one_line(answer));
  }
  void failed(ExitCode, const std::string& message) override {
    end(false);
    report_.say(fmt::format("sluice: {}: {}", state_.name, message));
  }
  void stopped(int, const std::string& message) override {
    end(false);
    report_.say(fmt::format("sluice: {}: {}", state_.name, message));
  }

 protected:
  CommonReport& report() const { return report_; }
  const ProgressState& state() const { return state_; }

  void complete() { state_.done = state_.total.value_or(state_.done); }
  virtual void end(bool done) { report_.ended(done, state_.total.value_or(state_.done), moved()); }
  std::string effort() const {
    return effort_text(moved(), std::chrono::steady_clock::now() - began_, retries_);
  }
  // Takes a new position; true when it is time to show it.
  bool measure(std::uint64_t position, Duration interval) {
    const SteadyTime now = std::chrono::steady_clock::now();
    meter_.add(now, position);
    if (!state_.total || position < *state_.total) {
      whole_since_.reset();
    } else if (!whole_since_) {
      whole_since_ = now;
    }
    state_.done = position;
    state_.bytes_per_second = meter_.bytes_per_second();
    state_.waits_for_answer = whole_since_ && now - *whole_since_ >= waiting_shown_after;
    if (shown_at_ && now - *shown_at_ < interval) {
      return false;
    }
    shown_at_ = now;
    return true;
  }

  // Of an input that pauses nothing is repeated line by line.
  bool is_news(std::uint64_t position) {
    return std::exchange(told_, position) != position || state_.total;
  }

 private:
  std::uint64_t moved() const { return state_.done > began_at_ ? state_.done - began_at_ : 0; }

  CommonReport& report_;
  ProgressState state_;
  const SteadyTime began_ = std::chrono::steady_clock::now();
  std::uint64_t retries_ = 0;
  std::uint64_t began_at_ = 0;
  std::optional<std::uint64_t> told_;
  RateMeter meter_;
  std::optional<SteadyTime> shown_at_;
  std::optional<SteadyTime> whole_since_;
};

class PlainFile : public QuietFile {
 public:
  using QuietFile::QuietFile;

  void session(const std::string& server, bool resumed, std::uint64_t stored) override {
    QuietFile::session(server, resumed, stored);
    const std::string size =
        state().total ? format_bytes(*state().total) : std::string("an unknown size");
    note(resumed ? fmt::format("continuing at {} of {} to {}", format_bytes(stored), size, server)
                 : fmt::format("{} to {}", size, server));
  }
  void progress(std::uint64_t position) override {
    if (measure(position, line_interval) && is_news(position)) {
      report().say(progress_line(state()));
    }
  }
  void retry(const std::string& reason, Duration wait, int attempt, int attempts_max) override {
    QuietFile::retry(reason, wait, attempt, attempts_max);
    // A hand-off can take an hour, asked about every few seconds.
    const SteadyTime now = std::chrono::steady_clock::now();
    if (attempt == 0 && reason == waited_for_ && now - said_at_ < patience_interval) {
      return;
    }
    waited_for_ = attempt == 0 ? reason : "";
    said_at_ = now;
    note(attempt == 0 ? "waiting for the application: " + reason
                      : fmt::format("{}; trying again in {} ({} of {})", reason, wait_text(wait),
                                    attempt, attempts_max));
  }
  void note(const std::string& text) override {
    report().say(fmt::format("{}: {}", state().name, text));
  }
  void finished(const std::string& answer, std::uint64_t compared) override {
    complete();
    end(true);
    note("done, " + effort() + "; " + comparison_text(compared, state().total.value_or(0)));
    report().answer(on_one_line(answer));
  }

 private:
  std::string waited_for_;
  SteadyTime said_at_;
};

class JsonFile final : public QuietFile {
 public:
  using QuietFile::QuietFile;

  void session(const std::string& server, bool resumed, std::uint64_t stored) override {
    QuietFile::session(server, resumed, stored);
    print({{"event", "session"},
           {"file", state().name},
           {"size", size_value()},
           {"server", server},
           {"resumed", resumed},
           {"stored", stored}});
  }
  void progress(std::uint64_t position) override {
    if (!measure(position, event_interval) || !is_news(position)) {
      return;
    }
    json::object event{
        {"event", "progress"}, {"file", state().name}, {"sent", position}, {"size", size_value()}};
    if (const std::optional<double> rate = state().bytes_per_second) {
      event["bytes_per_second"] = static_cast<std::uint64_t>(*rate);
    }
    print(event);
  }
  void retry(const std::string& reason, Duration wait, int attempt, int attempts_max) override {
    QuietFile::retry(reason, wait, attempt, attempts_max);
    print({{"event", "retry"},
           {"file", state().name},
           {"reason", reason},
           {"wait_ms", wait.count()},
           {"attempt", attempt},
           {"attempts_max", attempts_max}});
  }
  void note(const std::string& text) override {
    print({{"event", "note"}, {"file", state().name}, {"message", text}});
  }
  // `video` is the answer whatever the file is: scripts know the name.
  void finished(const std::string& answer, std::uint64_t compared) override {
    end(true);
    json::error_code error;
    json::value video = json::parse(answer, error);
    if (error) {
      video = to_valid_utf8(answer);
    }
    print({{"event", "done"},
           {"file", state().name},
           {"video", std::move(video)},
           {"compared", compared}});
  }
  void failed(ExitCode code, const std::string& message) override {
    stopped(static_cast<int>(code), message);
  }
  void stopped(int exit_code, const std::string& message) override {
    end(false);
    print({{"event", "error"},
           {"file", state().name},
           {"exit_code", exit_code},
           {"message", message}});
  }

 private:
  void print(const json::object& event) { report().answer(json::serialize(event)); }
  json::value size_value() const {
    return state().total ? json::value(*state().total) : json::value();
  }
};

template <class File>
class LineReport final : public CommonReport {
 public:
  using CommonReport::CommonReport;

  std::unique_ptr<FileReport> file(const std::string& name,
                                   std::optional<std::uint64_t> size) override {
    return std::make_unique<File>(*this, name, size);
  }
  void summary() override {
    const Totals sum = totals();
    const SteadyTime now = std::chrono::steady_clock::now();
    if (sum.workload.files <= 1 || std::is_same_v<File, QuietFile>) {
      return;
    }
    if constexpr (std::is_same_v<File, JsonFile>) {
      answer(json::serialize(
          json::object{{"event", "summary"},
                       {"files", sum.workload.files},
                       {"done", sum.files_done},
                       {"failed", sum.files_failed},
                       {"bytes", sum.bytes_here},
                       {"seconds", std::chrono::duration<double>(now - sum.began).count()},
                       {"retries", sum.retries}}));
    } else {
      say(summary_text(sum, now));
    }
  }
};

// A bar for each file on its way and, where there are many files, one for all of them, below the
// lines that were said.
class TerminalReport final : public CommonReport {
 public:
  using CommonReport::CommonReport;

  std::unique_ptr<FileReport> file(const std::string& name,
                                   std::optional<std::uint64_t> size) override;
  void summary() override {
    if (const Totals sum = totals(); sum.workload.files > 1) {
      say(summary_text(sum, std::chrono::steady_clock::now()));
    }
  }
  void say(const std::string& line) override {
    const MutexLock lock(mutex_);
    clear();
    print_line(stderr, line);
    draw();
  }
  // Those of many files would only push what a person reads off the terminal.
  void answer(const std::string& line) override {
    const MutexLock lock(mutex_);
    if (totals_.workload.files > 1 && is_terminal(STDOUT_FILENO)) {
      return;
    }
    clear();
    print_line(stdout, line);
    draw();
  }
  // The number of a new bar: they stand in this order.
  std::uint64_t next_bar() {
    const MutexLock lock(mutex_);
    return next_bar_++;
  }
  void show(std::uint64_t file, const ProgressState& state) {
    const MutexLock lock(mutex_);
    bars_[file] = state;
    const SteadyTime now = std::chrono::steady_clock::now();
    if (now - drawn_at_ >= bar_interval) {
      clear();
      draw();
      drawn_at_ = now;
    }
  }
  // What is said next draws what is left.
  void forget(std::uint64_t file) {
    const MutexLock lock(mutex_);
    bars_.erase(file);
  }
  void remove(std::uint64_t file) {
    const MutexLock lock(mutex_);
    bars_.erase(file);
    clear();
    draw();
  }

 private:
  ProgressState all() REQUIRES(mutex_) {
    ProgressState state{
        .name = fmt::format("{} of {} files", totals_.files_done + totals_.files_failed,
                            totals_.workload.files),
        .done = totals_.bytes_done,
        .total = totals_.workload.bytes};
    for (const auto& [file, bar] : bars_) {
      state.done += bar.done;
    }
    meter_.add(std::chrono::steady_clock::now(), state.done);
    state.bytes_per_second = meter_.bytes_per_second();
    return state;
  }
  void clear() REQUIRES(mutex_) {
    if (lines_ > 1) {
      std::fprintf(stderr, "\033[%zuA", lines_ - 1);
    }
    if (lines_ > 0) {
      std::fputs("\r\033[J", stderr);
    }
    lines_ = 0;
  }
  void draw() REQUIRES(mutex_) {
    if (bars_.empty()) {
      std::fflush(stderr);
      return;
    }
    const auto [columns, rows] = terminal_size(STDERR_FILENO);
    std::vector<ProgressState> shown;
    for (const auto& [file, bar] : bars_) {
      // The block may not be higher than the terminal: lines above it cannot be drawn anew.
      if (shown.size() + 2 < rows) {
        shown.push_back(bar);
      }
    }
    if (totals_.workload.files > 1) {
      shown.push_back(all());
    }
    BarWidths widths;
    for (const ProgressState& state : shown) {
      const BarWidths its = widths_of(state, columns - 1);
      widths = {std::max(widths.name, its.name), std::max(widths.figures, its.figures)};
    }
    // One column stays free: a full line would wrap on some terminals.
    std::vector<std::string> lines;
    lines.reserve(shown.size());
    for (const ProgressState& state : shown) {
      lines.push_back(progress_bar(state, columns - 1, widths));
    }
    std::fputs(fmt::format("\r{}\033[K", fmt::join(lines, "\033[K\n")).c_str(), stderr);
    std::fflush(stderr);
    lines_ = lines.size();
  }

  std::map<std::uint64_t, ProgressState> bars_ GUARDED_BY(mutex_);
  std::uint64_t next_bar_ GUARDED_BY(mutex_) = 0;
  RateMeter meter_ GUARDED_BY(mutex_);
  std::size_t lines_ GUARDED_BY(mutex_) = 0;  // Of the block, whose last one has the cursor.
  SteadyTime drawn_at_ GUARDED_BY(mutex_);
};

class TerminalFile final : public PlainFile {
 public:
  TerminalFile(TerminalReport& report, const std::string& name, std::optional<std::uint64_t> size)
      : PlainFile(report, name, size), terminal_(report), bar_(report.next_bar()) {}
  ~TerminalFile() override { terminal_.remove(bar_); }

  void progress(std::uint64_t position) override {
    if (measure(position, bar_interval)) {
      terminal_.show(bar_, state());
    }
  }

 protected:
  // Before its bytes are among those of files that have ended.
  void end(bool done) override {
    terminal_.forget(bar_);
    PlainFile::end(done);
  }

 private:
  TerminalReport& terminal_;
  const std::uint64_t bar_;
};

std::unique_ptr<FileReport> TerminalReport::file(const std::string& name,
                                                 std::optional<std::uint64_t> size) {
  return std::make_unique<TerminalFile>(*this, name, size);
}

}  // namespace

std::unique_ptr<Report> make_report(ReportStyle style, Workload workload) {
  switch (style) {
    case ReportStyle::quiet:
      return std::make_unique<LineReport<QuietFile>>(workload);
    case ReportStyle::json:
      return std::make_unique<LineReport<JsonFile>>(workload);
    case ReportStyle::automatic:
      break;
  }
  if (is_terminal(STDERR_FILENO)) {
    return std::make_unique<TerminalReport>(workload);
  }
  return std::make_unique<LineReport<PlainFile>>(workload);
}

}  // namespace sluice::cli
