// SPDX-License-Identifier: MIT
// The commands and their options as a table, as the help, the man page and completion show them.
// Taken from the parser, so that none of them can say something else.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace sluice::commands {

struct OptionRow {
  std::vector<std::string> names;  // "-q", "--quiet"; a positional argument has one without dashes.
  std::string value;               // The kind of its value, "FILE"; empty: a switch.
  std::string text;

  bool is_positional() const { return !names.front().starts_with('-'); }
};

struct CommandRow {
  std::string name;  // Of a command of a command: "credentials add". Empty: the program itself.
  std::string text;
  std::string footer;
  std::vector<OptionRow> options;
};

// The program first, then its commands in their order.
std::vector<CommandRow> command_table(const CLI::App& program);

// A manual page of section 1 (man 7 man).
std::string manual_page(const std::vector<CommandRow>& commands, const std::string& version);

// Scripts for `source <(sluice completion bash)`, and for zsh's fpath or the same way.
std::string bash_completion(const std::vector<CommandRow>& commands);
std::string zsh_completion(const std::vector<CommandRow>& commands);

}  // namespace sluice::commands
