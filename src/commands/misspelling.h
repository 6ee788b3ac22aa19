// SPDX-License-Identifier: MIT
// The command or option that a mistyped one probably means.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "commands/command_table.h"

namespace sluice::commands {

// "sluice: there is no option --lisen; did you mean --listen?", or empty where every command and
// option is known. `arguments`: without the program's name.
std::string misspelling_in(std::span<const std::string> arguments,
                           const std::vector<CommandRow>& commands);

}  // namespace sluice::commands
