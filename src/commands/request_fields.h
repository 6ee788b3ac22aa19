// SPDX-License-Identifier: MIT
// Fields and credentials of requests that commands make, as people name them on the command line.
#pragma once

#include <string>

namespace sluice::commands {

// For the parser: empty, or why the line is no field.
std::string check_header(const std::string& line);
// The first line of a file. Throws what the parser reports.
std::string read_credential(const std::string& path);
// SLUICE_API_KEY; empty where there is none. Throws what the parser reports.
std::string api_key_of_environment();

}  // namespace sluice::commands
