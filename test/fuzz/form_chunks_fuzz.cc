// SPDX-License-Identifier: MIT
// What the parameters of a form chunk say lies in the file, and its upload has a token whatever
// they are. The input is a query, a line feed, and the file name of the chunk's part.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "http/message.h"
#include "protocol/formchunks/chunk_request.h"
#include "protocol/formchunks/upload_identity.h"
#include "protocol/parameters.h"
#include "protocol/upload_location.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  using namespace sluice::protocol;
  const std::string_view text = as_text(std::as_bytes(std::span(data, size)));
  const std::size_t middle = text.find('\n');
  http::Request request;
  request.query = text.substr(0, middle);
  const Result<Parameters> query = Parameters::from_query(request);
  if (!query) {
    return 0;
  }
  const std::string_view name =
      middle == std::string_view::npos ? std::string_view() : text.substr(middle + 1);
  const Result<formchunks::ChunkRequest> chunk = formchunks::parse_chunk(*query, name);
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
