// SPDX-License-Identifier: MIT
// What the parameters of a form chunk say lies in the file, and its upload has a token whatever
// they are. The input is three lines: a query, the file name of the chunk's part, a Content-Range.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "http/message.h"
#include "protocol/formchunks/chunk_request.h"
#include "protocol/formchunks/upload_identity.h"
#include "protocol/parameters.h"
#include "protocol/upload_location.h"

namespace {

// And what follows it.
std::pair<std::string_view, std::string_view> first_line(std::string_view text) {
  const std::size_t end = text.find('\n');
  return {text.substr(0, end),
          end == std::string_view::npos ? std::string_view() : text.substr(end + 1)};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  using namespace sluice::protocol;
  const std::string_view text = as_text(std::as_bytes(std::span(data, size)));
  const auto [first, rest] = first_line(text);
  http::Request request;
  request.query = first;
  const Result<Parameters> query = Parameters::from_query(request);
  if (!query) {
    return 0;
  }
  const auto [name, content_range] = first_line(rest);
  if (!content_range.empty()) {
    request.headers.add("Content-Range", std::string(content_range));
  }
  const Result<formchunks::ChunkRequest> chunk =
      formchunks::parse_chunk(*query, request.headers, name);
  if (!chunk) {
    SLUICE_CHECK(chunk.error().code() == Errc::bad_request ||
                 chunk.error().code() == Errc::file_too_large);
    SLUICE_CHECK(chunk.error().message().find_first_of("\r\n") == std::string::npos);
    return 0;
  }
  SLUICE_CHECK(!chunk->identifier.empty());
  SLUICE_CHECK(chunk->file_size <= limits::file_size_max);
  SLUICE_CHECK(chunk->range.begin <= chunk->range.end && chunk->range.end <= chunk->file_size);
  SLUICE_CHECK(chunk->is_last() == (chunk->range.end == chunk->file_size));
  SLUICE_CHECK(to_valid_utf8(chunk->file_name) == chunk->file_name);
  SLUICE_CHECK(is_upload_token(formchunks::token_of("key", "address a", *chunk)));
  return 0;
}
