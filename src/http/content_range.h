// SPDX-License-Identifier: MIT
// The Content-Range of upload requests (the specification's `bytes RS-RE/L`, RFC 9110 14.4, and
// what real clients send). Knows no socket.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"
#include "http/message.h"

namespace sluice::http {

struct ContentRange {
  // The declared bytes, half-open; may end beyond the total (the last piece of some clients does).
  // Unset for `bytes */L` and `bytes *`: a status query. `bytes 0--1/0`, an empty file, is the
  // empty range.
  std::optional<ByteRange> range;
  std::optional<std::uint64_t> total;  // Unset for `bytes *`, `bytes */*` and `bytes RS-RE/*`.
};

// The unit compares without case. No number is above limits::file_size_max. bad_request says what
// is expected and what came.
Result<ContentRange> parse_content_range(std::string_view value);

// Of a request; nullopt where it has none. bad_request also for two of them.
Result<std::optional<ContentRange>> content_range_of(const Headers& headers);

// bad_request where the body is a part of a file by its Content-Range: it must not become a file of
// its own (RFC 9110 14.5).
Result<> expect_whole_file(const Headers& headers);

}  // namespace sluice::http
