// SPDX-License-Identifier: MIT
#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <limits>

namespace sluice::cli {

bool is_terminal(int descriptor) {
  return ::isatty(descriptor) == 1;
}

TerminalSize terminal_size(int descriptor) {
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
    return {};
  }
  return {.columns = size.ws_col, .rows = size.ws_row};
}

std::size_t columns_of_lines(int descriptor) {
  return is_terminal(descriptor) ? terminal_size(descriptor).columns
                                 : std::numeric_limits<std::size_t>::max();
}

}  // namespace sluice::cli
