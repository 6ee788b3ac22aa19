// SPDX-License-Identifier: MIT
// From the head of a POST to a new upload. Knows no socket.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "auth/authenticator.h"
#include "base/error.h"
#include "http/message.h"
#include "protocol/parameters.h"
#include "protocol/tus/chunk_request.h"
#include "upload/upload.h"

namespace sluice::protocol::tus {

struct CreationRequest {
  upload::NewUpload upload;  // Of a final without size and token: its partial uploads tell them.
  std::vector<std::string> partials;        // Of a final: their tokens, at least one. Else empty.
  std::optional<ChunkRequest> first_chunk;  // The body, where there is one.
};

// `query` is what Access::judge() has left of the request's parameters. Upload-Metadata says what
// the file is called and of which type, where the query does not, and becomes parameters beside
// those of the query; a name that is there already wins, and neither clouds nor limits are taken
// from it. Of a signed request it is kept under the one name "metadata", as the signature does not
// cover it and the application trusts what is signed.
Result<CreationRequest> parse_creation(const http::Request& request, const Parameters& query,
                                       const auth::Grant& grant);

}  // namespace sluice::protocol::tus
