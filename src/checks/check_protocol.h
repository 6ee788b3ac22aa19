// SPDX-License-Identifier: MIT
// The protocol between the server and its helper `sluice-check` (tools/file_check.cc). The file is
// on jail::file_descriptor.
#pragma once

#include "jail/helper.h"

namespace sluice::checks {

// "sluice-check type BEGIN SIZE" prints the MIME type of the bytes and a newline.
inline constexpr const char* type_word = "type";
// "sluice-check run MEMORY_BYTES CPU_SECONDS PROGRAM" becomes the program, which has the file as
// its standard input.
inline constexpr const char* run_word = "run";

// Exit statuses of the helper, beside jail::not_jailed and jail::not_loaded.
inline constexpr int type_told = 0;
inline constexpr int no_database = 5;  // Of types, on this system.
// Those of the program.
inline constexpr int program_takes = 0;
inline constexpr int program_refuses = 1;
inline constexpr int program_sets_aside = 2;

}  // namespace sluice::checks
