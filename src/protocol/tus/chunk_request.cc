// SPDX-License-Identifier: MIT
#include "protocol/tus/chunk_request.h"

#include <string>

#include "base/checked.h"
#include "base/encoding.h"
#include "protocol/media_type.h"
#include "protocol/tus/tus_fields.h"
#include "protocol/tus/upload_checksum.h"

namespace sluice::protocol::tus {

Result<ChunkRequest> parse_chunk(const http::Request& request) {
  Result<ChunkRequest> chunk = parse_first_chunk(request);
  if (!chunk) {
    return chunk;
  }
  const Result<std::optional<std::uint64_t>> offset = number_of(request.headers, "Upload-Offset");
  if (!offset) {
    return fail(offset.error());
  }
  if (!*offset) {
    return fail(Errc::bad_request,
                "Upload-Offset is missing: expected the offset of the body's first byte");
  }
  chunk->offset = **offset;
  return chunk;
}

Result<ChunkRequest> parse_first_chunk(const http::Request& request) {
  const std::string_view content_type = request.headers.find("Content-Type").value_or("");
  if (media_type(content_type) != chunk_type) {
    return fail(Errc::unsupported_media_type, std::string("Content-Type: expected ") + chunk_type +
                                                  ", got " + in_quotes(content_type));
  }
  ChunkRequest chunk;
  if (request.framing != http::Framing::chunked) {
    chunk.size = request.content_length;
  }
  const Result<std::optional<std::string_view>> checksum =
      value_of(request.headers, "Upload-Checksum");
  if (!checksum) {
    return fail(checksum.error());
  }
  if (*checksum) {
    Result<ExpectedDigest> digest = parse_upload_checksum(**checksum);
    if (!digest) {
      return fail(digest.error());
    }
    chunk.checksum = *std::move(digest);
  }
  return chunk;
}

Result<> check_fits(const ChunkRequest& chunk, std::uint64_t file_size) {
  if (!chunk.size || saturating_add(chunk.offset, *chunk.size) <= file_size) {
    return {};
  }
  return fail(Errc::file_too_large,
              "expected at most the " +
                  std::to_string(saturating_subtract(file_size, chunk.offset)) +
                  " bytes that are missing of " + std::to_string(file_size) + ", got " +
                  std::to_string(*chunk.size));
}

}  // namespace sluice::protocol::tus
