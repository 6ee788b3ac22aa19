// SPDX-License-Identifier: MIT
// What is read of the fields of tus is in bounds, can be written again and means the same then. The
// first byte of the input says which field it is.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "protocol/tus/tus_fields.h"
#include "protocol/tus/upload_checksum.h"
#include "protocol/tus/upload_concat.h"
#include "protocol/tus/upload_metadata.h"
#include "protocol/upload_location.h"

namespace {

using namespace sluice;
using namespace sluice::protocol::tus;

void check_refusal(const Error& error) {
  SLUICE_CHECK(error.code() == Errc::bad_request || error.code() == Errc::head_too_large ||
               error.code() == Errc::file_too_large);
  SLUICE_CHECK(error.message().find_first_of("\r\n") == std::string::npos);
}

std::string written(const UploadMetadata& metadata) {
  std::string text;
  for (const UploadMetadata::Entry& entry : metadata.entries()) {
    text += text.empty() ? "" : ",";
    text += entry.key + " " + to_base64(as_bytes(entry.value));
  }
  return text;
}

void check_metadata(std::string_view text) {
  const Result<UploadMetadata> metadata = UploadMetadata::parse(text);
  if (!metadata) {
    check_refusal(metadata.error());
    return;
  }
  const Result<UploadMetadata> again = UploadMetadata::parse(written(*metadata));
  SLUICE_CHECK(again && written(*again) == written(*metadata));
}

void check_concat(std::string_view text) {
  const Result<UploadConcat> concat = parse_upload_concat(text);
  if (!concat) {
    check_refusal(concat.error());
    return;
  }
  SLUICE_CHECK(concat->is_final != concat->partials.empty());
  SLUICE_CHECK(concat->partials.size() <= limits::concatenated_uploads_max);
  SLUICE_CHECK(std::ranges::all_of(concat->partials, protocol::is_upload_token));
}

void check_checksum(std::string_view text) {
  const Result<protocol::ExpectedDigest> digest = parse_upload_checksum(text);
  if (!digest) {
    check_refusal(digest.error());
    return;
  }
  SLUICE_CHECK(protocol::BodyDigest(digest->algorithm).finish().size() == digest->value.size());
}

void check_size(std::string_view text) {
  http::Headers headers;
  const std::size_t middle = text.find(',');
  headers.add("Upload-Length", std::string(text.substr(0, middle)));
  if (middle != std::string_view::npos) {
    headers.add("Upload-Defer-Length", std::string(text.substr(middle + 1)));
  }
  const Result<std::optional<std::uint64_t>> size = declared_size(headers);
  if (!size) {
    check_refusal(size.error());
    return;
  }
  SLUICE_CHECK(*size && **size <= limits::file_size_max);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string_view text = as_text(std::as_bytes(std::span(data, size))).substr(1);
  switch (data[0]) {
    case 'm':
      check_metadata(text);
      break;
    case 'c':
      check_concat(text);
      break;
    case 's':
      check_checksum(text);
      break;
    default:
      check_size(text);
  }
  return 0;
}
