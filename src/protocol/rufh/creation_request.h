// SPDX-License-Identifier: MIT
// From the head of a request that brings a file, or the beginning of one, to a new upload. Knows no
// socket.
#pragma once

#include <cstdint>
#include <vector>

#include "base/error.h"
#include "http/message.h"
#include "protocol/digest_source.h"
#include "protocol/parameters.h"
#include "protocol/rufh/rufh_fields.h"
#include "upload/upload.h"

namespace sluice::protocol::rufh {

struct CreationRequest {
  upload::NewUpload upload;
  bool is_plain = false;   // An ordinary request: nothing is resumed, and its answer is the file's.
  bool ends_file = false;  // The file ends with the body.
  std::vector<ExpectedDigest> digests;  // Of the body.
};

// `query` is what Access::judge() has left of the request's parameters; what it says of the file's
// name and type counts before Content-Disposition and Content-Type, as it may be signed.
// file_too_large above `file_size_max`, size_mismatch where two sizes are given,
// unsupported_media_type for a form, bad_request for a digest that cannot be read, and for a part
// of a file in a version that is not spoken: taken for the whole it would be a false success.
Result<CreationRequest> parse_creation(const http::Request& request, const Parameters& query,
                                       const RufhFields& fields, std::uint64_t file_size_max);

}  // namespace sluice::protocol::rufh
