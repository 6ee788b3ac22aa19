// SPDX-License-Identifier: MIT
#include "backup/restore.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "commands/commands.h"

namespace sluice::commands {
namespace {

constexpr int exit_not_restored = 4;

constexpr const char* restore_footer = R"(
Clients go on where the backup has their uploads. The files get the owner of the data
directory, where the command may give files away; make it with its owner first. The backup
is left as it is.

Exit codes:
  0  the data directory is complete: start the server
  2  the command line is wrong
  4  it was not restored: that is no complete backup, or of a newer Sluice; the data
     directory is not empty; the disk failed or is full)";

struct RestoreOptions {
  std::string from;
  std::string directory;
};

int put_back(const RestoreOptions& options) {
  const Result<backup::Copied> copied = backup::restore(options.from, options.directory);
  if (!copied) {
    std::fprintf(stderr, "sluice: not restored: %s\n", copied.error().message().c_str());
    return exit_not_restored;
  }
  std::printf("%s: %s files, %s bytes\n", options.directory.c_str(),
              std::to_string(copied->files).c_str(), std::to_string(copied->bytes).c_str());
  return EXIT_SUCCESS;
}

}  // namespace

void add_restore(CLI::App& program, int& exit_code) {
  CLI::App* command =
      program.add_subcommand("restore", "Make a data directory of what sluice backup has made");
  command->footer(restore_footer);
  const auto options = std::make_shared<RestoreOptions>();
  command->add_option("DIR", options->from, "The backup")->required();
  command->add_option("--data", options->directory, "The data directory; missing, or empty")
      ->type_name("DIR")
      ->required();
  command->callback([options, &exit_code] { exit_code = put_back(*options); });
}

}  // namespace sluice::commands
