// SPDX-License-Identifier: MIT
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <optional>

#include "commands/commands.h"
#include "commands/setting_flags.h"

namespace sluice::commands {
namespace {

int check(const SettingFlags& flags) {
  const std::optional<config::Config> config = flags.load();
  if (!config) {
    return exit_usage;
  }
  std::fputs(config::effective_settings(*config).c_str(), stdout);
  return EXIT_SUCCESS;
}

}  // namespace

void add_check(CLI::App& program, int& exit_code) {
  CLI::App* command = program.add_subcommand(
      "check", "Say whether the server could start with these settings, and print them");
  const auto flags = std::make_shared<SettingFlags>(*command);
  command->callback([flags, &exit_code] { exit_code = check(*flags); });
}

}  // namespace sluice::commands
