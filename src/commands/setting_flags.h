// SPDX-License-Identifier: MIT
// The settings on the command line of `serve`, `check` and `doctor`.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"

namespace CLI {
class App;
}

namespace sluice::commands {

class SettingFlags {
 public:
  // Adds a flag for each setting that has one, and --config. Parsing `command` fills this, so it
  // outlives the parsing.
  explicit SettingFlags(CLI::App& command);
  SettingFlags(const SettingFlags&) = delete;
  SettingFlags& operator=(const SettingFlags&) = delete;

  // The settings of all sources, or what is wrong with them; the files that they name are not
  // looked at.
  std::expected<config::Config, config::ConfigProblems> read() const;
  // The same, and what is wrong with these files.
  std::expected<config::Config, config::ConfigProblems> read_usable() const;
  // The same. None where they, or the files that they name, cannot work: the reasons are then on
  // standard error.
  std::optional<config::Config> load() const;

 private:
  std::vector<std::pair<std::string, std::optional<std::string>>> values_;  // Key, text.
  std::vector<std::pair<std::string, bool>> switches_;                      // Key, given.
  std::string file_;
};

}  // namespace sluice::commands
