// SPDX-License-Identifier: MIT
// `sluice status`: how the running server is.
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "commands/commands.h"
#include "commands/control_client.h"
#include "commands/upload_rows.h"

namespace sluice::commands {
namespace {

constexpr const char* status_footer = R"(
Exit codes:
  0  the server is ready
  1  it takes no new uploads, and the reasons are printed
  2  the command line is wrong
  4  no server runs on the data directory)";

struct StatusOptions {
  std::string directory = "./sluice-data";
  bool as_json = false;
};

int print_status(const StatusOptions& options) {
  const Result<ControlAnswer> answer = ask(options.directory, "/status");
  if (const std::optional<int> failure = failure_of(answer)) {
    return *failure;
  }
  const boost::json::object status = answer->members();
  if (options.as_json) {
    std::printf("%s\n", answer->body.c_str());
  } else {
    for (const std::string& line : status_lines(status)) {
      std::printf("%s\n", line.c_str());
    }
  }
  const boost::json::value* ready = status.if_contains("ready");
  return ready != nullptr && *ready == true ? EXIT_SUCCESS : exit_refused;
}

}  // namespace

void add_status(CLI::App& program, int& exit_code) {
  CLI::App* command = program.add_subcommand("status", "Say how the running server is");
  command->footer(status_footer);
  const auto options = std::make_shared<StatusOptions>();
  command->add_flag("--json", options->as_json, "Print JSON");
  add_server_option(*command, options->directory);
  command->callback([options, &exit_code] { exit_code = print_status(*options); });
}

}  // namespace sluice::commands
