// SPDX-License-Identifier: MIT
#include "protocol/tus/chunk_request.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "base/checked.h"
#include "base/encoding.h"
#include "protocol/media_type.h"
#include "protocol/tus/tus_fields.h"
#include "protocol/tus/upload_checksum.h"

namespace sluice::protocol::tus {

namespace {

// RFC 9110 6.6.2
bool announces_trailer(const http::Request& request, std::string_view name) {
  for (const http::Header& field : request.headers.fields()) {
    std::string_view rest =
        equals_ignoring_case(field.name, "Trailer") ? field.value : std::string_view();
    while (!rest.empty()) {
      const std::string_view item = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(item.size() + 1, rest.size()));
      if (equals_ignoring_case(trimmed(item), name)) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

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
  const Result<std::optional<std::uint64_t>> size = number_of(request.headers, "Upload-Length");
  if (!size) {
    return fail(size.error());
  }
  chunk->file_size = *size;
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
  chunk.checksum_follows = !chunk.checksum && request.framing == http::Framing::chunked &&
                           announces_trailer(request, "Upload-Checksum");
  return chunk;
}

Result<> check_fits(const ChunkRequest& chunk, std::optional<std::uint64_t> file_size) {
  if (!chunk.size || !file_size || saturating_add(chunk.offset, *chunk.size) <= *file_size) {
    return {};
  }
  return fail(Errc::file_too_large,
              "expected at most the " +
                  std::to_string(saturating_subtract(*file_size, chunk.offset)) +
                  " bytes that are missing of " + std::to_string(*file_size) + ", got " +
                  std::to_string(*chunk.size));
}

}  // namespace sluice::protocol::tus
