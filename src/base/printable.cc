// SPDX-License-Identifier: MIT
#include "base/printable.h"

#include <fmt/format.h>

#include <cstdint>
#include <iterator>

#include "base/encoding.h"

namespace sluice {
namespace {

struct CodePoint {
  std::uint32_t value;
  std::size_t bytes;
};

// REQUIRES: `text` begins with a whole UTF-8 sequence.
CodePoint first_code_point(std::string_view text) {
  const auto byte = [&text](std::size_t i) {
    return std::uint32_t{static_cast<unsigned char>(text[i])};
  };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) {
    return {lead, 1};
  }
  if (lead < 0xE0) {
    return {((lead & 0x1FU) << 6U) | (byte(1) & 0x3FU), 2};
  }
  if (lead < 0xF0) {
    return {((lead & 0x0FU) << 12U) | ((byte(1) & 0x3FU) << 6U) | (byte(2) & 0x3FU), 3};
  }
  // Nothing above U+FFFF is dangerous, so its value does not matter.
  return {0x10000, 4};
}

bool is_dangerous(std::uint32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) ||        // C0, DEL and C1.
         (c >= 0x200E && c <= 0x200F) ||               // Direction marks.
         (c >= 0x2028 && c <= 0x202E) ||               // Line separators, embeddings, overrides.
         (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;  // Isolates, byte order mark.
}

}  // namespace

std::string printable(std::string_view text) {
  const std::string valid = to_valid_utf8(text);
  std::string out;
  out.reserve(valid.size() + 8);
  for (std::string_view rest = valid; !rest.empty();) {
    const CodePoint c = first_code_point(rest);
    if (c.value == '"' || c.value == '\\') {
      out += '\\';
      out += static_cast<char>(c.value);
    } else if (c.value == '\n') {
      out += "\\n";
    } else if (c.value == '\r') {
      out += "\\r";
    } else if (c.value == '\t') {
      out += "\\t";
    } else if (is_dangerous(c.value)) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", c.value);
    } else {
      out += rest.substr(0, c.bytes);
    }
    rest.remove_prefix(c.bytes);
  }
  return out;
}

}  // namespace sluice
