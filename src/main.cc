// SPDX-License-Identifier: MIT
// The command line: `serve`, `check`, `fsck`, `upload`, `retry`, `move`.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "app.h"
#include "cli/credentials.h"
#include "cli/upload_command.h"
#include "control/move_command.h"
#include "control/retry_command.h"
#include "fsck/fsck_command.h"
#include "ops/config.h"
#include "ops/log_sink.h"
#include "preflight.h"
#include "private_memory.h"
#include "signals.h"

namespace {

using namespace sluice;

constexpr int exit_usage = 2;

// Flags of the settings, as the user gave them.
struct SettingFlags {
  std::vector<std::pair<std::string, std::optional<std::string>>> values;
  std::vector<std::pair<std::string, bool>> switches;
  std::string file;
};

void add_setting_flags(CLI::App& command, SettingFlags& given) {
  const std::vector<ops::FlagInfo> flags = ops::flags();
  given.values.reserve(flags.size());
  given.switches.reserve(flags.size());
  for (const ops::FlagInfo& flag : flags) {
    const std::string name(flag.flag);
    const std::string help(flag.help);
    if (flag.value_name.empty()) {
      given.switches.emplace_back(flag.key, false);
      command.add_flag(name, given.switches.back().second, help);
    } else {
      given.values.emplace_back(flag.key, std::nullopt);
      std::optional<std::string>& value = given.values.back().second;
      command
          .add_option_function<std::string>(
              name, [&value](const std::string& text) { value = text; }, help)
          ->type_name(std::string(flag.value_name));
    }
  }
  command.add_option("--config", given.file, "Settings in a TOML file")->type_name("FILE");
}

void print(const ops::ConfigProblems& problems) {
  for (const std::string& problem : problems) {
    std::fprintf(stderr, "sluice: %s\n", problem.c_str());
  }
}

// Prints what is wrong.
std::optional<ops::Config> load_config(const SettingFlags& given) {
  ops::ConfigSources sources;
  sources.environment = ops::process_environment();
  for (const auto& [key, value] : given.values) {
    if (value) {
      sources.flags.emplace_back(key, *value);
    }
  }
  for (const auto& [key, is_set] : given.switches) {
    if (is_set) {
      sources.flags.emplace_back(key, "true");
    }
  }
  if (!given.file.empty()) {
    sources.file = given.file;
  }
  auto config = ops::load(sources);
  if (!config) {
    print(config.error());
    return std::nullopt;
  }
  return std::move(*config);
}

// What is wrong with the settings, or around them, is on standard error when there are none.
std::optional<ops::Config> load_usable_config(const SettingFlags& given) {
  std::optional<ops::Config> config = load_config(given);
  const ops::ConfigProblems problems = config ? problems_around(*config) : ops::ConfigProblems();
  print(problems);
  return problems.empty() ? std::move(config) : std::nullopt;
}

int serve(const SettingFlags& given) {
  keep_memory_private();
  const std::optional<ops::Config> config = load_usable_config(given);
  if (!config) {
    return exit_usage;
  }
  const Signals signals;
  SystemClock clock;
  Metrics metrics;
  ops::LogSink log(clock, config->log.level, config->log.format, STDERR_FILENO,
                   metrics.log_lines_dropped);
  auto app = App::open(*config, clock, log, metrics);
  if (!app) {
    std::fprintf(stderr, "sluice: %s\n", app.error().message().c_str());
    return EXIT_FAILURE;
  }
  (*app)->start();
  for (const std::string& address : (*app)->addresses()) {
    std::printf("listening on %s\n", address.c_str());
  }
  if (const std::string pages = (*app)->admin_address(); !pages.empty()) {
    std::printf("pages on %s\n", pages.c_str());
  }
  std::fflush(stdout);

  while (signals.wait() == Signals::Wish::reload) {
    (*app)->reload();
  }
  (*app)->drain();
  return EXIT_SUCCESS;
}

int check(const SettingFlags& given) {
  const std::optional<ops::Config> config = load_usable_config(given);
  if (!config) {
    return exit_usage;
  }
  std::fputs(ops::effective_settings(*config).c_str(), stdout);
  return EXIT_SUCCESS;
}

int run(int argc, char** argv) {
  CLI::App program("Sluice receives large files over bad networks.", "sluice");
  program.set_version_flag("--version", "sluice " SLUICE_VERSION);
  program.require_subcommand(1);
  int exit_code = EXIT_SUCCESS;

  SettingFlags serve_flags;
  CLI::App* serve_command = program.add_subcommand("serve", "Run the upload server");
  add_setting_flags(*serve_command, serve_flags);
  serve_command->callback([&] { exit_code = serve(serve_flags); });

  SettingFlags check_flags;
  CLI::App* check_command = program.add_subcommand(
      "check", "Say whether the server could start with these settings, and print them");
  add_setting_flags(*check_command, check_flags);
  check_command->callback([&] { exit_code = check(check_flags); });

  fsck::add_fsck_command(program, exit_code);
  cli::add_upload_command(program, exit_code);
  control::add_retry_command(program, exit_code);
  control::add_move_command(program, exit_code);
  cli::add_credentials_command(program, exit_code);

  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int status = program.exit(error);
    return status == 0 ? EXIT_SUCCESS : exit_usage;
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
