// SPDX-License-Identifier: MIT
// The program: the list of its commands.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "commands/command_table.h"
#include "commands/commands.h"
#include "commands/misspelling.h"

namespace {

using namespace sluice;

int run(int argc, char** argv) {
  CLI::App program("Sluice receives large files over bad networks.", "sluice");
  program.set_version_flag("--version", "sluice " SLUICE_VERSION);
  program.require_subcommand(1);
  int exit_code = EXIT_SUCCESS;
  commands::add_serve(program, exit_code);
  commands::add_check(program, exit_code);
  commands::add_fsck(program, exit_code);
  commands::add_backup(program, exit_code);
  commands::add_restore(program, exit_code);
  commands::add_migrate(program, exit_code);
  commands::add_upload(program, exit_code);
  commands::add_retry(program, exit_code);
  commands::add_uploads(program, exit_code);
  commands::add_status(program, exit_code);
  commands::add_top(program, exit_code);
  commands::add_reload(program, exit_code);
  commands::add_move(program, exit_code);
  commands::add_credentials(program, exit_code);
  commands::add_doctor(program, exit_code);
  commands::add_help(program, exit_code);

  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      return program.exit(error);
    }
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const std::string meant = commands::misspelling_in(arguments, commands::command_table(program));
    if (meant.empty()) {
      program.exit(error);
    } else {
      std::fprintf(stderr, "%s\nRun with --help for more information.\n", meant.c_str());
    }
    return commands::exit_usage;
  }
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sluice: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
