// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "commands/commands.h"
#include "config/config.h"
#include "open_journal.h"
#include "store/data_directory.h"

namespace sluice::commands {
namespace {

constexpr int exit_not_migrated = 4;

constexpr const char* migrate_footer = R"(
Stop the server first. The settings name the journal to come (journal.url, an empty
database or schema), the store of the bytes, which stays, and the data directory with the
journal as it was. That file is renamed to journal.sqlite.migrated when all of it has been
copied. Clients go on where they were, on each node that has these settings.

Exit codes:
  0  the journal is in PostgreSQL: start the nodes
  2  the command line is wrong, or the settings are
  4  not migrated, the file is as it was: make the database anew before the next try)";

int migrate(const std::string& file) {
  const auto config =
      config::load({.flags = {}, .environment = config::process_environment(), .file = file});
  if (!config) {
    std::fprintf(stderr, "sluice: %s\n",
                 fmt::format("{}", fmt::join(config.error(), "; ")).c_str());
    return exit_usage;
  }
  if (!config->shares_journal()) {
    std::fprintf(stderr, "sluice: expected journal.url in %s: where the journal is to be\n",
                 file.c_str());
    return exit_usage;
  }
  const auto data = store::DataDirectory::open(config->data.directory);
  const auto moved = data ? move_journal(*config, *data) : fail(data.error());
  if (!moved) {
    std::fprintf(stderr, "sluice: not migrated: %s\n", moved.error().message().c_str());
    return exit_not_migrated;
  }
  std::printf("%s uploads, %s videos and files, %s notifications\n",
              std::to_string(moved->uploads).c_str(), std::to_string(moved->videos).c_str(),
              std::to_string(moved->notifications).c_str());
  return EXIT_SUCCESS;
}

}  // namespace

void add_migrate(CLI::App& program, int& exit_code) {
  CLI::App* command = program.add_subcommand(
      "migrate", "Move the journal of a stopped server from its data directory to PostgreSQL");
  command->footer(migrate_footer);
  const auto file = std::make_shared<std::string>();
  command->add_option("--config", *file, "The settings of the nodes")
      ->type_name("FILE")
      ->required();
  command->callback([file, &exit_code] { exit_code = migrate(*file); });
}

}  // namespace sluice::commands
