// SPDX-License-Identifier: MIT
#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "commands/commands.h"
#include "commands/control_client.h"

namespace sluice::commands {
namespace {

constexpr const char* reload_footer = R"(
The server reads its configuration file, and the files that this names, again. It takes over what
may change while it runs and names what waits for a restart. A configuration with a mistake in it
changes nothing.

Exit codes:
  0  the settings are in effect, but for those that are named
  1  the server refused them, for the reasons that are printed
  2  the command line is wrong
  4  no server runs on the data directory)";

void print_keys(const char* what, const boost::json::array& keys) {
  for (const boost::json::value& key : keys) {
    if (const boost::json::string* text = key.if_string()) {
      std::printf("%s: %s\n", what, text->c_str());
    }
  }
}

int reload(const std::string& directory) {
  const Result<ControlAnswer> answer = send_command(directory, "/reload");
  if (const std::optional<int> failure = failure_of(answer)) {
    return *failure;
  }
  print_keys("changed", answer->list("applied"));
  print_keys("needs a restart", answer->list("waiting"));
  if (answer->list("applied").empty() && answer->list("waiting").empty()) {
    std::printf("the settings are the same as before; the files that they name were read again\n");
  }
  return EXIT_SUCCESS;
}

}  // namespace

void add_reload(CLI::App& program, int& exit_code) {
  CLI::App* command =
      program.add_subcommand("reload", "Have the running server read its settings again");
  command->footer(reload_footer);
  const auto directory = std::make_shared<std::string>("./sluice-data");
  add_server_option(*command, *directory);
  command->callback([directory, &exit_code] { exit_code = reload(*directory); });
}

}  // namespace sluice::commands
