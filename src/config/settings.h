// SPDX-License-Identifier: MIT
// The one table of settings. Flags, environment, configuration file, what `sluice check` prints and
// the suggestions for a mistyped key all come from it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "config/config.h"
#include "config/setting_types.h"

namespace sluice::config {

struct Setting {
  std::string_view key;  // "section.name"
  std::string_view environment;
  std::string_view flag;  // Empty for a setting without one.
  std::string_view value_name;
  TomlForms forms;
  Parsed<std::monostate> (*assign)(Config& config, std::string_view text);
  std::string (*print)(const Config& config);
  void (*copy)(const Config& from, Config& to);
  std::string_view help;
  // A running server takes another value over; else a restart does.
  bool reloads = false;

  std::string_view section() const { return key.substr(0, key.find('.')); }
  std::string_view name() const { return key.substr(key.find('.') + 1); }
};

// Settings of one section stand together.
std::span<const Setting> settings();

// nullptr when there is none.
const Setting* find_setting(std::string_view key);

}  // namespace sluice::config
