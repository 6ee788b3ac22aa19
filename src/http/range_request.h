// SPDX-License-Identifier: MIT
// Which bytes of something that does not change a GET or HEAD asks for: the fields Range, If-Range
// and If-None-Match (RFC 9110 13 and 14). Knows no socket.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "http/message.h"

namespace sluice::http {

struct WantedBytes {
  int status = 200;  // 206 for a part, 304, or 416.
  ByteRange range;   // Empty with 304 and 416.
};

// `etag` is strong, in its quotes. A Range that cannot be read, that names several ranges, or that
// belongs to another method than GET means all bytes, as RFC 9110 14.2 has it.
WantedBytes wanted_bytes(const Request& request, std::string_view etag, std::uint64_t size);

// The answer to that without its body and Content-Type: with 206 and 416 Content-Range. The bytes
// may not be kept without being asked for again: they may be gone then.
Response range_answer(const WantedBytes& wanted, std::string_view etag, std::uint64_t size);

}  // namespace sluice::http
