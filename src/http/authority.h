// SPDX-License-Identifier: MIT
// The value of a Host field: a name or an address, and perhaps a port.
#pragma once

#include <string>
#include <string_view>

namespace sluice::http {

// Without port and brackets, in lower case; a name without the dot of the root at its end.
std::string host_name(std::string_view authority);

// Host and port of an absolute URL or an origin; empty for what is none.
std::string_view authority_of(std::string_view url);

// Numeric, IPv4 or IPv6, as host_name() leaves it.
bool is_address(std::string_view name);

}  // namespace sluice::http
