// SPDX-License-Identifier: MIT
#include "program.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <system_error>

namespace sluice::bench {

int run_program(const char* name, int (*work)(int, char**), int argc, char** argv) {
  try {
    return work(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", name, error.what());
    return EXIT_FAILURE;
  }
}

void throw_error(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace sluice::bench
