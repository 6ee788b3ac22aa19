// SPDX-License-Identifier: MIT
// Whether a descriptor is a terminal, its size, and the room that texts take on it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

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

// Of a UTF-8 text: a wide letter takes two, a mark on the letter before it none.
std::size_t columns_of(std::string_view text);
// Its first characters, as many as fit into so many columns.
std::string first_columns(std::string_view text, std::size_t columns);

}  // namespace sluice::cli
