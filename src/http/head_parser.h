// SPDX-License-Identifier: MIT
// Bytes to request heads, and every rule that keeps a request from being smuggled: whatever two
// parsers could read in two ways is refused here (RFC 9112 11.2, 6.3). Knows no socket.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"
#include "http/message.h"

namespace sluice::http {

struct ParsedHead {
  Request request;
  std::size_t size = 0;  // Bytes of the input that were the head.
};

// Looks for one head at the start of `input`, the unread bytes of a connection. nullopt: more bytes
// are needed, which an input of limits::head_bytes_max never is. The verdict does not depend on how
// the bytes arrive. After an error the connection cannot go on: where the next request begins is
// not known.
Result<std::optional<ParsedHead>> parse_head(Bytes input);

// As in a request line: names of methods are case-sensitive (RFC 9110 9.1).
Method method_named(std::string_view text) noexcept;

}  // namespace sluice::http
