// SPDX-License-Identifier: MIT
// Whether a descriptor is a terminal, and its size.
#pragma once

#include <cstddef>

namespace sluice::cli {

struct TerminalSize {
  std::size_t columns = 80;
  std::size_t rows = 24;
};

bool is_terminal(int descriptor);
// The size of most terminals where the descriptor does not tell one.
TerminalSize terminal_size(int descriptor);
// No bound where it is no terminal.
std::size_t columns_of_lines(int descriptor);

}  // namespace sluice::cli
