// SPDX-License-Identifier: MIT
// The terminal at standard output.
#pragma once

#include <cstddef>

namespace sluice::commands {

struct TerminalSize {
  std::size_t columns = 80;
  std::size_t rows = 24;
};

bool output_is_terminal();
TerminalSize output_size();
// Of a terminal; no bound where the output goes elsewhere.
std::size_t output_columns();

}  // namespace sluice::commands
