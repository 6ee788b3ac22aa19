// SPDX-License-Identifier: MIT
// Structured fields (RFC 9651): items and dictionaries. Parsers are strict, as the RFC asks: a
// field that breaks a rule anywhere has no value at all. Knows no socket.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "http/message.h"

namespace sluice::http {

// An integer, which has at most 15 digits, and a boolean are what they say; `bytes` is a byte
// sequence, decoded. The other types are read and have no value here.
struct StructuredBytes {
  std::string bytes;
  friend bool operator==(const StructuredBytes&, const StructuredBytes&) = default;
};
struct StructuredOther {
  friend bool operator==(const StructuredOther&, const StructuredOther&) = default;
};
using StructuredValue = std::variant<std::int64_t, bool, StructuredBytes, StructuredOther>;

struct StructuredMember {
  std::string key;
  StructuredValue value;
};

// The item without its parameters. nullopt: the text is none.
std::optional<StructuredValue> parse_structured_item(std::string_view text);

// Each key once, with the last of its values; without parameters. An empty text has no members.
// nullopt: the text is no dictionary.
std::optional<std::vector<StructuredMember>> parse_structured_dictionary(std::string_view text);

// All fields of that name as one, as the RFC reads them (RFC 9110 5.3). nullopt: there is none.
std::optional<std::string> structured_text(const Headers& headers, std::string_view name);

// A boolean, and a byte sequence, as they stand in a field.
inline const char* structured_boolean(bool value) noexcept {
  return value ? "?1" : "?0";
}
std::string structured_bytes(std::string_view bytes);

}  // namespace sluice::http
