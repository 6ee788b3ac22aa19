// SPDX-License-Identifier: MIT
// What all fields of tus 1.0.0 have in common: its version, its numbers. Knows no socket.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "http/message.h"

namespace sluice::protocol::tus {

inline constexpr const char* version = "1.0.0";
inline constexpr const char* chunk_type = "application/offset+octet-stream";

// The field's value without blanks around it; nullopt when it is absent. bad_request when it comes
// twice.
Result<std::optional<std::string_view>> value_of(const http::Headers& headers, const char* name);

// A non-negative decimal number; one above 2^64-1 becomes 2^64-1. nullopt when the field is absent,
// bad_request for anything else.
Result<std::optional<std::uint64_t>> number_of(const http::Headers& headers, const char* name);

// The size of the file that a request opens an upload for; nullopt: a later one tells it.
// bad_request unless the request has either Upload-Length or `Upload-Defer-Length: 1`;
// file_too_large for a size that no configuration allows.
Result<std::optional<std::uint64_t>> declared_size(const http::Headers& headers);

// The method that X-HTTP-Method-Override names, else the request's own.
http::Method meant_method(const http::Request& request);

// The request brings bytes, or may bring some.
bool has_content(const http::Request& request) noexcept;

}  // namespace sluice::protocol::tus
