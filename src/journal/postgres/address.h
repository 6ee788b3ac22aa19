// SPDX-License-Identifier: MIT
// Where the server of a journal is, as an operator writes it.
#pragma once

#include <string>

namespace sluice::journal::postgres {

// Why libpq cannot read the text, or that it holds a password, which everybody would see who sees
// the settings; empty: neither. Asks no server.
std::string fault_of_address(const std::string& text);

}  // namespace sluice::journal::postgres
