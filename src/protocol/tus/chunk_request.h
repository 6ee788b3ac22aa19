// SPDX-License-Identifier: MIT
// What the head of a PATCH says of the bytes behind it. Knows no socket.
#pragma once

#include <cstdint>
#include <optional>

#include "base/error.h"
#include "http/message.h"
#include "protocol/digest_source.h"

namespace sluice::protocol::tus {

struct ChunkRequest {
  std::uint64_t offset = 0;
  // The bytes that come; unset: the body tells by its end.
  std::optional<std::uint64_t> size;
  std::optional<std::uint64_t> file_size;  // That of the file, where the request tells it.
  std::optional<ExpectedDigest> checksum;
  bool checksum_follows = false;  // In a trailer, which the head announces.

  bool is_checked() const noexcept { return checksum || checksum_follows; }
};

// unsupported_media_type unless the body is a chunk, bad_request for the fields.
Result<ChunkRequest> parse_chunk(const http::Request& request);
// The same of the body of a creation, which begins the file.
Result<ChunkRequest> parse_first_chunk(const http::Request& request);

// file_too_large when the chunk says that it ends behind a file of `file_size` bytes, where that is
// known.
Result<> check_fits(const ChunkRequest& chunk, std::optional<std::uint64_t> file_size);

}  // namespace sluice::protocol::tus
