// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>

#include "commands/command_table.h"

namespace sluice::commands {
namespace {

// The commands below `name`, by their own last word.
std::vector<const CommandRow*> below(const std::vector<CommandRow>& commands,
                                     const std::string& name) {
  const std::string prefix = name.empty() ? "" : name + " ";
  std::vector<const CommandRow*> found;
  for (const CommandRow& command : commands) {
    if (!command.name.empty() && command.name.starts_with(prefix) &&
        command.name.find(' ', prefix.size()) == std::string::npos && command.name != name) {
      found.push_back(&command);
    }
  }
  return found;
}

std::string last_word(const std::string& name) {
  return name.substr(name.rfind(' ') + 1);
}

// In single quotes of a shell, where `escaped` may not stand bare in the argument either.
std::string shell_quoted(std::string_view text, std::string_view escaped = "") {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'') {
      result += "'\\''";
      continue;
    }
    if (escaped.find(c) != std::string_view::npos) {
      result += '\\';
    }
    result += c;
  }
  return result + "'";
}

// Words that may follow `command`: its own commands and its long options.
std::vector<std::string> words_of(const std::vector<CommandRow>& commands,
                                  const CommandRow& command) {
  std::vector<std::string> words;
  for (const CommandRow* one : below(commands, command.name)) {
    words.push_back(last_word(one->name));
  }
  for (const OptionRow& option : command.options) {
    if (!option.is_positional()) {
      words.push_back(option.names.back());
    }
  }
  return words;
}

std::string zsh_option(const OptionRow& option) {
  const bool is_path = option.value == "FILE" || option.value == "DIR";
  const std::string value =
      option.value.empty() ? "" : ":" + option.value + ":" + (is_path ? "_files" : "");
  if (option.is_positional()) {
    return shell_quoted("*:" + option.value + ":_files");
  }
  // Brackets and colons have a meaning in a specification (zshcompsys, _arguments).
  return shell_quoted(option.names.back()) +
         shell_quoted("[" + option.text + "]", ":").replace(1, 1, "[") + shell_quoted(value);
}

}  // namespace

std::string bash_completion(const std::vector<CommandRow>& commands) {
  std::string cases;
  for (const CommandRow& command : commands) {
    cases +=
        fmt::format("    {}) words={} ;;\n", shell_quoted(command.name),
                    shell_quoted(fmt::format("{}", fmt::join(words_of(commands, command), " "))));
  }
  std::string names;
  for (const CommandRow& command : commands) {
    names += command.name.empty() ? "" : " " + shell_quoted(command.name);
  }
  return fmt::format(R"(# Completion of sluice for bash: source <(sluice completion bash)
_sluice() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} command= word words known
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    for known in{}; do
      [[ $known == "${{command:+$command }}$word" ]] && command=$known && break
    done
  done
  case $command in
{}  esac
  if [[ $current == -* || -z $command || $words != -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  fi
}}
complete -o default -F _sluice sluice
)",
                     names, cases);
}

std::string zsh_completion(const std::vector<CommandRow>& commands) {
  std::string cases;
  for (const CommandRow& command : commands) {
    std::string lines;
    for (const OptionRow& option : command.options) {
      lines += " \\\n        " + zsh_option(option);
    }
    std::string names;
    for (const CommandRow* one : below(commands, command.name)) {
      names += " " + shell_quoted(last_word(one->name) + ":" + one->text);
    }
    cases += fmt::format(
        "    {})\n{}      _arguments{}\n      ;;\n", shell_quoted(command.name),
        names.empty()
            ? ""
            : fmt::format("      names=({})\n      _describe command names\n", names.substr(1)),
        lines);
  }
  std::string known;
  for (const CommandRow& command : commands) {
    known += command.name.empty() ? "" : " " + shell_quoted(command.name);
  }
  return fmt::format(R"(#compdef sluice
# Completion of sluice for zsh: source <(sluice completion zsh)
_sluice() {{
  local command= word one
  local -a names
  for word in "${{(@)words[2,CURRENT-1]}}"; do
    for one in{}; do
      [[ $one == "${{command:+$command }}$word" ]] && command=$one && break
    done
  done
  case $command in
{}  esac
}}
compdef _sluice sluice
)",
                     known, cases);
}

}  // namespace sluice::commands
