// SPDX-License-Identifier: MIT
// sluice-check: looks at the file on its descriptor 3, in a jail: tells its type, or becomes a
// program of the operator. Arguments and exit status: checks/check_protocol.h.

#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/limits.h"
#include "checks/check_protocol.h"
#include "file_type.h"
#include "probe_jail.h"
#include "program_jail.h"

namespace sluice::tools {
namespace {

constexpr int wrong_arguments = 64;

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number)
                                                                  : std::nullopt;
}

int tell_type(std::uint64_t begin, std::uint64_t size) {
  if (!limit_resources(probe_bounds())) {
    return jail::not_jailed;
  }
  step_back();
  FileType type;
  if (!type.load()) {
    return checks::no_database;
  }
  return close_jail() ? type.tell(begin, size) : jail::not_jailed;
}

// Returns only where the program does not begin.
int run(const ResourceBounds& bounds, const char* program) {
  step_back();
  if (!limit_resources(bounds) || !confine_to_reading(program) || !deny_the_outside()) {
    return jail::not_jailed;
  }
  if (::dup2(jail::file_descriptor, STDIN_FILENO) < 0 || ::close(jail::file_descriptor) != 0) {
    return jail::not_jailed;
  }
  const std::array<const char*, 2> arguments{program, nullptr};
  ::execv(program, const_cast<char* const*>(arguments.data()));
  return jail::not_loaded;
}

int check(int count, char** arguments) {
  const std::string_view word = count > 1 ? arguments[1] : "";
  const auto first = number_of(count > 2 ? arguments[2] : "");
  const auto second = number_of(count > 3 ? arguments[3] : "");
  if (!first || !second) {
    return wrong_arguments;
  }
  if (word == checks::type_word) {
    return tell_type(*first, *second);
  }
  if (word == checks::run_word && count > 4) {
    return run({*first, *second, limits::check_program_open_files_max}, arguments[4]);
  }
  return wrong_arguments;
}

}  // namespace
}  // namespace sluice::tools

int main(int count, char** arguments) {
  // Not exit(): destructors of libraries make calls that the jail forbids.
  ::_exit(sluice::tools::check(count, arguments));
}
