// SPDX-License-Identifier: MIT
#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <clocale>
#include <cwchar>
#include <limits>

namespace sluice::cli {
namespace {

// While it lives, the C library knows the letters of UTF-8 on this thread, whatever the
// environment says.
class LettersOfUtf8 {
 public:
  LettersOfUtf8() : before_(::uselocale(letters())) {}
  ~LettersOfUtf8() { ::uselocale(before_); }
  LettersOfUtf8(const LettersOfUtf8&) = delete;
  LettersOfUtf8& operator=(const LettersOfUtf8&) = delete;

 private:
  static locale_t letters() {
    static const locale_t made = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return made;
  }

  const locale_t before_;
};

struct Character {
  std::size_t bytes = 1;
  std::size_t columns = 1;
};

// What is no character, or none that is known, takes a column for each byte.
Character first_character(std::string_view text) {
  wchar_t character = 0;
  std::mbstate_t state{};
  const std::size_t bytes = std::mbrtowc(&character, text.data(), text.size(), &state);
  if (bytes == 0 || bytes > text.size()) {
    return {};
  }
  const int columns = ::wcwidth(character);
  return {bytes, columns < 0 ? bytes : static_cast<std::size_t>(columns)};
}

}  // namespace

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

std::size_t columns_of(std::string_view text) {
  const LettersOfUtf8 letters;
  std::size_t columns = 0;
  while (!text.empty()) {
    const Character character = first_character(text);
    columns += character.columns;
    text.remove_prefix(character.bytes);
  }
  return columns;
}

std::string first_columns(std::string_view text, std::size_t columns) {
  const LettersOfUtf8 letters;
  std::size_t end = 0;
  while (end < text.size()) {
    const Character character = first_character(text.substr(end));
    if (character.columns > columns) {
      break;
    }
    columns -= character.columns;
    end += character.bytes;
  }
  return std::string(text.substr(0, end));
}

}  // namespace sluice::cli
