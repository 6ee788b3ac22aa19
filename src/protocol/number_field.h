// SPDX-License-Identifier: MIT
// A field whose value is a number. Knows no socket.
#pragma once

#include <cstdint>
#include <optional>

#include "base/error.h"
#include "http/message.h"

namespace sluice::protocol {

// A non-negative decimal number; one above 2^64-1 becomes 2^64-1. nullopt when the field is absent,
// bad_request for anything else, and when it comes twice.
Result<std::optional<std::uint64_t>> number_field(const http::Headers& headers, const char* name);

}  // namespace sluice::protocol
