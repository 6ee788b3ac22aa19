// SPDX-License-Identifier: MIT
#include "commands/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <limits>

namespace sluice::commands {

bool output_is_terminal() {
  return ::isatty(STDOUT_FILENO) == 1;
}

TerminalSize output_size() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
    return {};
  }
  return {.columns = size.ws_col, .rows = size.ws_row};
}

std::size_t output_columns() {
  return output_is_terminal() ? output_size().columns : std::numeric_limits<std::size_t>::max();
}

}  // namespace sluice::commands
