// SPDX-License-Identifier: MIT
#include "commands/misspelling.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string_view>

#include "base/printable.h"
#include "config/nearest_name.h"

namespace sluice::commands {
namespace {

// Anything further away is another word.
constexpr std::size_t distance_max = 3;

const CommandRow* find_command(const std::vector<CommandRow>& commands, const std::string& name) {
  const auto found = std::ranges::find(commands, name, &CommandRow::name);
  return found == commands.end() ? nullptr : &*found;
}

// `prefix`: the command before a command, with a space.
std::string sentence(std::string_view kind, std::string_view prefix, std::string_view mistyped,
                     const std::vector<std::string_view>& names) {
  std::string text = fmt::format("sluice: there is no {} {}{}", kind, prefix, printable(mistyped));
  if (!names.empty()) {
    const std::string_view nearest = config::nearest_name(mistyped, names);
    if (config::edit_distance(mistyped, nearest) <= distance_max) {
      text += fmt::format("; did you mean {}?", nearest);
    }
  }
  return text;
}

// The option that a word names, if it names one of the command.
struct OptionWord {
  bool is_known = false;
  bool takes_value = false;
  std::string sentence;  // Where it is not known.
};

OptionWord look_up(const CommandRow& command, const std::string& name) {
  std::vector<std::string_view> names;
  for (const OptionRow& option : command.options) {
    if (std::ranges::find(option.names, name) != option.names.end()) {
      return {.is_known = true, .takes_value = !option.value.empty(), .sentence = {}};
    }
    std::ranges::copy_if(option.names, std::back_inserter(names),
                         [](const std::string& one) { return one.starts_with("--"); });
  }
  return {.sentence = sentence("option", "", name, names)};
}

// The names of the commands below one whose name and a space are `prefix`.
std::vector<std::string_view> names_below(const std::vector<CommandRow>& commands,
                                          const std::string& prefix) {
  std::vector<std::string_view> names;
  for (const CommandRow& one : commands) {
    if (!one.name.empty() && one.name.starts_with(prefix) &&
        one.name.find(' ', prefix.size()) == std::string::npos) {
      names.push_back(std::string_view(one.name).substr(prefix.size()));
    }
  }
  return names;
}

}  // namespace

std::string misspelling_in(std::span<const std::string> arguments,
                           const std::vector<CommandRow>& commands) {
  const CommandRow* command = &commands.front();
  for (std::size_t i = 0; i < arguments.size() && arguments[i] != "--"; ++i) {
    const std::string& word = arguments[i];
    if (word.starts_with("--")) {
      const std::string name = word.substr(0, word.find('='));
      const OptionWord option = look_up(*command, name);
      if (!option.is_known) {
        return option.sentence;
      }
      i += option.takes_value && name.size() == word.size() ? 1 : 0;
    } else if (!word.starts_with('-')) {
      const std::string prefix = command->name.empty() ? "" : command->name + " ";
      const std::vector<std::string_view> names = names_below(commands, prefix);
      if (const CommandRow* below = find_command(commands, prefix + word)) {
        command = below;
      } else if (!names.empty()) {
        return sentence("command", prefix, word, names);
      }
    }
  }
  return {};
}

}  // namespace sluice::commands
