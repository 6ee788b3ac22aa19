// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>

#include "commands/command_table.h"

namespace sluice::commands {
namespace {

// Text of which groff interprets nothing (groff(7), "Escape Sequences" and "Control Characters").
std::string plain(std::string_view text) {
  std::string escaped;
  bool begins_line = true;
  for (const char c : text) {
    if (begins_line && (c == '.' || c == '\'')) {
      escaped += "\\&";
    }
    if (c == '\\') {
      escaped += "\\e";
    } else if (c == '-') {
      escaped += "\\-";
    } else {
      escaped += c;
    }
    begins_line = c == '\n';
  }
  return escaped;
}

std::string option_text(const OptionRow& option) {
  return fmt::format(
      ".TP\n\\fB{}\\fR{}\n{}\n", plain(fmt::format("{}", fmt::join(option.names, ", "))),
      option.value.empty() ? "" : " \\fI" + plain(option.value) + "\\fR", plain(option.text));
}

std::string command_text(const CommandRow& command) {
  std::string text = fmt::format(".SS sluice {}\n{}.\n", plain(command.name), plain(command.text));
  for (const OptionRow& option : command.options) {
    text += option_text(option);
  }
  if (!command.footer.empty()) {
    text += ".PP\n.nf\n" + plain(command.footer) + "\n.fi\n";
  }
  return text;
}

}  // namespace

std::string manual_page(const std::vector<CommandRow>& commands, const std::string& version) {
  const CommandRow& program = commands.front();
  std::string page = fmt::format(
      ".TH SLUICE 1 \"\" \"sluice {}\" \"User Commands\"\n.SH NAME\nsluice \\- {}\n"
      ".SH SYNOPSIS\n\\fBsluice\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR]\n.SH OPTIONS\n",
      plain(version), plain("receives large files over bad networks, and sends them"));
  for (const OptionRow& option : program.options) {
    page += option_text(option);
  }
  page += ".SH COMMANDS\n";
  for (std::size_t i = 1; i < commands.size(); ++i) {
    page += command_text(commands[i]);
  }
  return page;
}

}  // namespace sluice::commands
