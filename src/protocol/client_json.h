// SPDX-License-Identifier: MIT
// JSON as clients write it. Knows no socket.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sluice::protocol {

// The text with what other parsers let pass put right: without a byte order mark (RFC 8259 8.1),
// and with U+FFFD in place of bytes that are no UTF-8 and of surrogates that stand alone.
std::string tidy_json(std::string_view text);

// The error's message is the parser's. REQUIRES: tidy_json() has made the text.
Result<boost::json::value> parse_json(std::string_view tidy_text);

// A string as it is; a number that is an integer in decimal digits, however it was written (9.0,
// 9e0); everything else as JSON.
std::string text_of(const boost::json::value& value);

}  // namespace sluice::protocol
