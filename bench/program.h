// SPDX-License-Identifier: MIT
// The main() of every program of the benchmark.
#pragma once

namespace sluice::bench {

// Runs `work`; an exception ends the program with its message.
int run_program(const char* name, int (*work)(int, char**), int argc, char** argv);

// Throws std::system_error with errno.
[[noreturn]] void throw_error(const char* what);

}  // namespace sluice::bench
