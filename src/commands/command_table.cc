// SPDX-License-Identifier: MIT
#include "commands/command_table.h"

#include <CLI/CLI.hpp>

namespace sluice::commands {
namespace {

OptionRow row_of(const CLI::Option& option) {
  OptionRow row;
  for (const std::string& name : option.get_snames()) {
    row.names.push_back("-" + name);
  }
  for (const std::string& name : option.get_lnames()) {
    row.names.push_back("--" + name);
  }
  if (option.get_positional() && row.names.empty()) {
    row.names.push_back(option.get_name(true));
  }
  if (option.get_items_expected_max() > 0) {
    // Without what validators add behind the first colon, and ranges.
    const std::string type = option.get_type_name();
    row.value = type.substr(0, type.find_first_of(": "));
  }
  row.text = option.get_description();
  if (!option.get_default_str().empty()) {
    row.text += " [" + option.get_default_str() + "]";
  }
  if (!option.get_envname().empty()) {
    row.text += " (" + option.get_envname() + ")";
  }
  return row;
}

void add_rows(const CLI::App& app, const std::string& name, std::vector<CommandRow>& rows) {
  CommandRow row{
      .name = name, .text = app.get_description(), .footer = app.get_footer(), .options = {}};
  for (const CLI::Option* option : app.get_options()) {
    row.options.push_back(row_of(*option));
  }
  rows.push_back(std::move(row));
  for (const CLI::App* below : app.get_subcommands([](const CLI::App*) { return true; })) {
    add_rows(*below, name.empty() ? below->get_name() : name + " " + below->get_name(), rows);
  }
}

}  // namespace

std::vector<CommandRow> command_table(const CLI::App& program) {
  std::vector<CommandRow> rows;
  add_rows(program, "", rows);
  return rows;
}

}  // namespace sluice::commands
