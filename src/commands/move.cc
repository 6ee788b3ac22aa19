// SPDX-License-Identifier: MIT
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "base/encoding.h"
#include "commands/commands.h"
#include "commands/control_client.h"

namespace sluice::commands {
namespace {

constexpr const char* move_footer = R"(
Clients that follow Location go on at the new URL; the locations that they know go on
working. It holds across restarts, until another move or --back.

Exit codes:
  0  every later answer leads there
  1  the server refused: that is no base URL, or its disk failed
  2  the command line is wrong
  4  no server runs on the data directory)";

struct MoveOptions {
  std::string url;
  bool back = false;
  std::string directory = "./sluice-data";
};

int move(const MoveOptions& options) {
  const std::string path =
      options.back ? "/locations/back" : "/locations/to/" + percent_encode(options.url);
  const Result<ControlAnswer> answer = send_command(options.directory, path);
  if (const std::optional<int> failure = failure_of(answer)) {
    return *failure;
  }
  std::printf("locations lead to %s\n",
              options.back ? "the configured URL again" : options.url.c_str());
  return EXIT_SUCCESS;
}

}  // namespace

void add_move(CLI::App& program, int& exit_code) {
  CLI::App* command =
      program.add_subcommand("move", "Give the uploads of the running server another base URL");
  command->footer(move_footer);
  const auto options = std::make_shared<MoveOptions>();
  CLI::Option* to =
      command->add_option("--to", options->url, "What every Location begins with from now on")
          ->type_name("URL");
  CLI::Option* back = command->add_flag("--back", options->back, "Take the last moves back");
  to->excludes(back);
  add_server_option(*command, options->directory);
  command->callback([options, to, back, &exit_code] {
    if (to->count() + back->count() == 0) {
      throw CLI::RequiredError("one of --to and --back");
    }
    exit_code = move(*options);
  });
}

}  // namespace sluice::commands
