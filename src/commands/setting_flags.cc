// SPDX-License-Identifier: MIT
#include "commands/setting_flags.h"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "commands/preflight.h"

namespace sluice::commands {
namespace {

void print(const config::ConfigProblems& problems) {
  for (const std::string& problem : problems) {
    std::fprintf(stderr, "sluice: %s\n", problem.c_str());
  }
}

}  // namespace

SettingFlags::SettingFlags(CLI::App& command) {
  const std::vector<config::FlagInfo> flags = config::flags();
  // The parser keeps references to their elements.
  values_.reserve(flags.size());
  switches_.reserve(flags.size());
  for (const config::FlagInfo& flag : flags) {
    const std::string name(flag.flag);
    const std::string help(flag.help);
    if (flag.value_name.empty()) {
      switches_.emplace_back(flag.key, false);
      command.add_flag(name, switches_.back().second, help);
    } else {
      values_.emplace_back(flag.key, std::nullopt);
      std::optional<std::string>& value = values_.back().second;
      command
          .add_option_function<std::string>(
              name, [&value](const std::string& text) { value = text; }, help)
          ->type_name(std::string(flag.value_name));
    }
  }
  command.add_option("--config", file_, "Settings in a TOML file")->type_name("FILE");
}

std::expected<config::Config, config::ConfigProblems> SettingFlags::read() const {
  config::ConfigSources sources;
  sources.environment = config::process_environment();
  for (const auto& [key, value] : values_) {
    if (value) {
      sources.flags.emplace_back(key, *value);
    }
  }
  for (const auto& [key, is_set] : switches_) {
    if (is_set) {
      sources.flags.emplace_back(key, "true");
    }
  }
  if (!file_.empty()) {
    sources.file = file_;
  }
  return config::load(sources);
}

std::expected<config::Config, config::ConfigProblems> SettingFlags::read_usable() const {
  auto config = read();
  if (config) {
    if (config::ConfigProblems problems = problems_around(*config); !problems.empty()) {
      return std::unexpected(std::move(problems));
    }
  }
  return config;
}

std::optional<config::Config> SettingFlags::load() const {
  auto config = read_usable();
  if (!config) {
    print(config.error());
    return std::nullopt;
  }
  return *std::move(config);
}

}  // namespace sluice::commands
