// SPDX-License-Identifier: MIT
// `sluice help`, `version`, `completion` and `manual`.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "base/printable.h"
#include "commands/command_table.h"
#include "commands/commands.h"

namespace sluice::commands {
namespace {

int print_help(const CLI::App& program, const std::vector<std::string>& names) {
  const CLI::App* chosen = &program;
  for (const std::string& name : names) {
    const auto below =
        chosen->get_subcommands([&name](const CLI::App* app) { return app->get_name() == name; });
    if (below.empty()) {
      std::fprintf(stderr, "sluice: there is no command %s\n", printable(name).c_str());
      return exit_usage;
    }
    chosen = below.front();
  }
  // App::help() would print that of the command that was chosen, which is `help`.
  const std::string name = chosen == &program ? "sluice" : "sluice " + chosen->get_name();
  const auto text = chosen->get_formatter()->make_help(chosen, name, CLI::AppFormatMode::Normal);
  std::fputs(text.c_str(), stdout);
  return EXIT_SUCCESS;
}

}  // namespace

void add_help(CLI::App& program, int& exit_code) {
  const auto names = std::make_shared<std::vector<std::string>>();
  CLI::App* help = program.add_subcommand("help", "Print the help of the program or of a command");
  help->add_option("COMMAND", *names, "A command")->type_name("");
  help->callback([names, &program, &exit_code] { exit_code = print_help(program, *names); });

  program.add_subcommand("version", "Print the version")->callback([] {
    std::fputs("sluice " SLUICE_VERSION "\n", stdout);
  });

  const auto shell = std::make_shared<std::string>();
  CLI::App* completion = program.add_subcommand(
      "completion",
      "Print a script that completes command lines: source <(sluice completion bash)");
  completion->add_option("SHELL", *shell, "bash or zsh")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh"}))
      ->type_name("");
  completion->callback([shell, &program] {
    const std::vector<CommandRow> commands = command_table(program);
    std::fputs((*shell == "zsh" ? zsh_completion(commands) : bash_completion(commands)).c_str(),
               stdout);
  });

  program.add_subcommand("manual", "Print the manual page, as man -l reads it")
      ->callback([&program] {
        std::fputs(manual_page(command_table(program), SLUICE_VERSION).c_str(), stdout);
      });
}

}  // namespace sluice::commands
