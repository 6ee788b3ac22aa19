// SPDX-License-Identifier: MIT
#include "cli/report.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cstdio>
#include <optional>

#include "base/encoding.h"

namespace sluice::cli {
namespace {

namespace json = boost::json;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr std::chrono::milliseconds bar_interval{200};
constexpr std::chrono::seconds line_interval{3};
constexpr std::chrono::milliseconds event_interval{500};
constexpr std::chrono::seconds patience_interval{30};
constexpr std::size_t columns_default = 80;

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

std::size_t terminal_columns() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
    return columns_default;
  }
  return size.ws_col;
}

std::string wait_text(Duration wait) {
  return fmt::format("{:.1f} s", static_cast<double>(wait.count()) / 1000.0);
}

class QuietReport : public Report {
 public:
  void file_started(const std::string& name, std::uint64_t size) override {
    state_ = {.name = name, .done = 0, .total = size, .bytes_per_second = std::nullopt};
    meter_ = {};
    shown_at_.reset();
  }
  void session(const std::string&, bool, std::uint64_t stored) override { state_.done = stored; }
  void progress(std::uint64_t position) override { state_.done = position; }
  void retry(const std::string&, Duration, int, int) override {}
  void note(const std::string&) override {}
  void finished(const std::string& video_json) override {
    print_line(stdout, on_one_line(video_json));
  }
  void failed(ExitCode, const std::string& message) override {
    print_line(stderr, fmt::format("sluice: {}: {}", state_.name, message));
  }
  void stopped(int, const std::string& message) override {
    print_line(stderr, fmt::format("sluice: {}: {}", state_.name, message));
  }

 protected:
  const ProgressState& state() const { return state_; }

  // Takes a new position; true when it is time to show it.
  bool measure(std::uint64_t position, Duration interval) {
    const SteadyTime now = std::chrono::steady_clock::now();
    meter_.add(now, position);
    state_.done = position;
    state_.bytes_per_second = meter_.bytes_per_second();
    if (shown_at_ && now - *shown_at_ < interval) {
      return false;
    }
    shown_at_ = now;
    return true;
  }

 private:
  ProgressState state_;
  RateMeter meter_;
  std::optional<SteadyTime> shown_at_;
};

class PlainReport : public QuietReport {
 public:
  void session(const std::string& server, bool resumed, std::uint64_t stored) override {
    QuietReport::session(server, resumed, stored);
    note(resumed ? fmt::format("continuing at {} of {} to {}", format_bytes(stored),
                               format_bytes(state().total), server)
                 : fmt::format("{} to {}", format_bytes(state().total), server));
  }
  void progress(std::uint64_t position) override {
    if (measure(position, line_interval)) {
      print_line(stderr, progress_line(state()));
    }
  }
  void retry(const std::string& reason, Duration wait, int attempt, int attempts_max) override {
    // A hand-off can take an hour, asked about every few seconds.
    const SteadyTime now = std::chrono::steady_clock::now();
    if (attempt == 0 && reason == waited_for_ && now - said_at_ < patience_interval) {
      return;
    }
    waited_for_ = attempt == 0 ? reason : "";
    said_at_ = now;
    note(attempt == 0 ? reason + "; asking again until there is an answer"
                      : fmt::format("{}; trying again in {} ({} of {})", reason, wait_text(wait),
                                    attempt, attempts_max));
  }
  void note(const std::string& text) override {
    print_line(stderr, fmt::format("{}: {}", state().name, text));
  }
  void finished(const std::string& video_json) override {
    note("done");
    QuietReport::finished(video_json);
  }

 private:
  std::string waited_for_;
  SteadyTime said_at_;
};

class TerminalReport final : public PlainReport {
 public:
  void progress(std::uint64_t position) override {
    if (!measure(position, bar_interval)) {
      return;
    }
    // One column stays free: a full line would wrap on some terminals.
    const std::string bar = progress_bar(state(), terminal_columns() - 1);
    std::fprintf(stderr, "\r%s\033[K", bar.c_str());
    std::fflush(stderr);
    bar_shown_ = true;
  }
  void note(const std::string& text) override {
    clear_bar();
    PlainReport::note(text);
  }
  void finished(const std::string& video_json) override {
    clear_bar();
    PlainReport::finished(video_json);
  }
  void failed(ExitCode code, const std::string& message) override {
    clear_bar();
    PlainReport::failed(code, message);
  }
  void stopped(int exit_code, const std::string& message) override {
    clear_bar();
    PlainReport::stopped(exit_code, message);
  }

 private:
  void clear_bar() {
    if (bar_shown_) {
      std::fputs("\r\033[K", stderr);
      bar_shown_ = false;
    }
  }

  bool bar_shown_ = false;
};

class JsonReport final : public QuietReport {
 public:
  void session(const std::string& server, bool resumed, std::uint64_t stored) override {
    QuietReport::session(server, resumed, stored);
    print({{"event", "session"},
           {"file", state().name},
           {"size", state().total},
           {"server", server},
           {"resumed", resumed},
           {"stored", stored}});
  }
  void progress(std::uint64_t position) override {
    if (!measure(position, event_interval)) {
      return;
    }
    json::object event{
        {"event", "progress"}, {"file", state().name}, {"sent", position}, {"size", state().total}};
    if (const std::optional<double> rate = state().bytes_per_second) {
      event["bytes_per_second"] = static_cast<std::uint64_t>(*rate);
    }
    print(event);
  }
  void retry(const std::string& reason, Duration wait, int attempt, int attempts_max) override {
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
  void finished(const std::string& video_json) override {
    json::error_code error;
    json::value video = json::parse(video_json, error);
    if (error) {
      video = to_valid_utf8(video_json);
    }
    print({{"event", "done"}, {"file", state().name}, {"video", std::move(video)}});
  }
  void failed(ExitCode code, const std::string& message) override {
    stopped(static_cast<int>(code), message);
  }
  void stopped(int exit_code, const std::string& message) override {
    print({{"event", "error"},
           {"file", state().name},
           {"exit_code", exit_code},
           {"message", message}});
  }

 private:
  static void print(const json::object& event) { print_line(stdout, json::serialize(event)); }
};

}  // namespace

std::unique_ptr<Report> make_report(ReportStyle style) {
  switch (style) {
    case ReportStyle::quiet:
      return std::make_unique<QuietReport>();
    case ReportStyle::json:
      return std::make_unique<JsonReport>();
    case ReportStyle::automatic:
      break;
  }
  if (::isatty(STDERR_FILENO) == 1) {
    return std::make_unique<TerminalReport>();
  }
  return std::make_unique<PlainReport>();
}

}  // namespace sluice::cli
