// SPDX-License-Identifier: MIT
// `sluice top`: the uploads that are being received, live.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/clock.h"
#include "cli/progress.h"
#include "cli/stop_signal.h"
#include "cli/terminal.h"
#include "commands/commands.h"
#include "commands/control_client.h"
#include "commands/upload_rows.h"

namespace sluice::commands {
namespace {

namespace json = boost::json;

constexpr const char* top_footer = R"(
Ctrl-C ends it. Where the output is no terminal, it prints one picture and ends, unless --json asks
for one JSON object a line at each interval.

Exit codes:
  0  ended by a signal, or one picture is printed
  1  the server refused
  2  the command line is wrong
  4  no server runs on the data directory)";

struct TopOptions {
  std::string directory = "./sluice-data";
  double interval_seconds = 1;
  bool as_json = false;
};

// The rates of uploads, from one picture to the next.
class Rates {
 public:
  // Only uploads of the last picture are remembered.
  void measure(std::vector<UploadRow>& uploads) {
    const auto now = std::chrono::steady_clock::now();
    std::map<std::uint64_t, cli::RateMeter> meters;
    for (UploadRow& upload : uploads) {
      auto known = meters_.extract(upload.id);
      cli::RateMeter& meter =
          meters.emplace(upload.id, known ? std::move(known.mapped()) : cli::RateMeter())
              .first->second;
      meter.add(now, upload.arrived);
      upload.bytes_per_second = meter.bytes_per_second();
    }
    meters_ = std::move(meters);
  }

 private:
  std::map<std::uint64_t, cli::RateMeter> meters_;
};

// The fastest first, and those with an open request before the others.
void sort(std::vector<UploadRow>& uploads) {
  std::ranges::sort(uploads, [](const UploadRow& left, const UploadRow& right) {
    const auto key = [](const UploadRow& upload) {
      return std::tuple(-upload.bytes_per_second.value_or(0), !upload.is_being_written, upload.id);
    };
    return key(left) < key(right);
  });
}

void print_json(const ControlAnswer& status, const std::vector<UploadRow>& uploads) {
  json::array list;
  for (const UploadRow& upload : uploads) {
    json::object one{
        {"id", upload.id}, {"arrived", upload.arrived}, {"file_name", upload.file_name}};
    if (upload.file_size) {
      one["file_size"] = *upload.file_size;
    }
    if (upload.bytes_per_second) {
      one["bytes_per_second"] = *upload.bytes_per_second;
    }
    list.push_back(std::move(one));
  }
  const json::object picture{{"status", status.members()}, {"uploads", std::move(list)}};
  std::printf("%s\n", json::serialize(picture).c_str());
  std::fflush(stdout);
}

void print_picture(const ControlAnswer& status, const std::vector<UploadRow>& uploads) {
  const bool is_live = cli::is_terminal(STDOUT_FILENO);
  std::vector<std::string> lines = status_lines(status.members());
  lines.emplace_back();
  for (std::string& line :
       table_of(uploads, SystemClock().now(), cli::columns_of_lines(STDOUT_FILENO))) {
    lines.push_back(std::move(line));
  }
  if (is_live) {
    lines.resize(std::min(lines.size(), cli::terminal_size(STDOUT_FILENO).rows - 1));
  }
  // From the top left corner over the last picture, each line to its end; then what is below.
  std::string text = is_live ? "\033[H" : "";
  for (const std::string& line : lines) {
    text += line + (is_live ? "\033[K\n" : "\n");
  }
  text += is_live ? "\033[J" : "";
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

int watch(const TopOptions& options) {
  const cli::StopSignal stop;
  const bool is_live = cli::is_terminal(STDOUT_FILENO) || options.as_json;
  const Duration interval(static_cast<Duration::rep>(options.interval_seconds * 1000));
  if (cli::is_terminal(STDOUT_FILENO) && !options.as_json) {
    std::fputs("\033[2J", stdout);
  }
  Rates rates;
  do {
    const Result<ControlAnswer> status = ask(options.directory, "/status");
    if (const std::optional<int> failure = failure_of(status)) {
      return *failure;
    }
    std::vector<UploadRow> uploads;
    const auto take = [&uploads](const json::array& page) {
      for (const json::value& upload : page) {
        if (upload.is_object()) {
          uploads.push_back(upload_row(upload.get_object()));
        }
      }
    };
    if (const auto failure = for_each_page(options.directory, "&state=receiving", take)) {
      return *failure;
    }
    rates.measure(uploads);
    sort(uploads);
    options.as_json ? print_json(*status, uploads) : print_picture(*status, uploads);
  } while (is_live && stop.wait(interval));
  return EXIT_SUCCESS;
}

}  // namespace

void add_top(CLI::App& program, int& exit_code) {
  CLI::App* command =
      program.add_subcommand("top", "Watch the uploads that the running server receives");
  command->footer(top_footer);
  const auto options = std::make_shared<TopOptions>();
  command->add_flag("--json", options->as_json, "Print JSON");
  constexpr double interval_max = 3600;
  command->add_option("--interval", options->interval_seconds, "Seconds between two pictures")
      ->check(CLI::Range(0.1, interval_max))
      ->type_name("SECONDS")
      ->capture_default_str();
  add_server_option(*command, options->directory);
  command->callback([options, &exit_code] { exit_code = watch(*options); });
}

}  // namespace sluice::commands
