// SPDX-License-Identifier: MIT
// Text forms of bytes. Decoders are strict: text that does not re-encode to itself is refused.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace sluice {

// Lower-case hex digits.
std::string to_hex(Bytes bytes);
// base64url without padding (RFC 4648 5).
std::string to_base64url(Bytes bytes);
bool is_base64url(std::string_view text) noexcept;
// base64 with padding (RFC 4648 4).
std::string to_base64(Bytes bytes);
std::optional<std::string> from_base64(std::string_view text);

// Percent-decoding of one URL component (RFC 3986 2.1); nullopt for a broken escape. With
// `plus_is_space` the rules of application/x-www-form-urlencoded.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);
// Keeps only RFC 3986's unreserved characters.
std::string percent_encode(std::string_view text);

// `text` with every byte sequence that is no UTF-8 replaced by U+FFFD, so that it can stand in
// JSON.
std::string to_valid_utf8(std::string_view text);

// `text` in double quotes for a message or a log line: bytes that are no printable ASCII, and
// quotes and backslashes, as \xNN; text longer than 100 bytes is cut and ends in "...".
std::string in_quotes(std::string_view text);

// ASCII only, independent of the locale: what HTTP means by case-insensitive.
bool equals_ignoring_case(std::string_view left, std::string_view right) noexcept;
std::string to_lower(std::string_view text);
// Without spaces and tabs at both ends (RFC 9110 5.6.3 OWS).
std::string_view trimmed(std::string_view text) noexcept;

// The first 32 hex digits of SHA-256: a stable name derived from another.
std::string short_digest(std::string_view text);

}  // namespace sluice
