// SPDX-License-Identifier: MIT
// Foreign text made harmless for a log line, a terminal and a JSON or TOML string.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

// `text` without anything that moves a cursor, ends a line or reorders one: control characters
// (also C1), line separators and bidirectional overrides stand as \uXXXX or the short escapes of
// JSON, quotation marks and backslashes are escaped, and what is no UTF-8 becomes U+FFFD. The
// result stands between quotation marks in JSON and in TOML alike.
std::string printable(std::string_view text);

}  // namespace sluice
