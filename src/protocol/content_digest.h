// SPDX-License-Identifier: MIT
// The digest fields of RFC 9530 in a request. Knows no socket.
#pragma once

#include <vector>

#include "base/error.h"
#include "http/message.h"
#include "protocol/digest_source.h"

namespace sluice::protocol {

// For Want-Content-Digest: the digests that are compared (RFC 9530 4). A client that hears it may
// send them with its requests from then on.
inline constexpr const char* wanted_digests = "sha-256=10, sha-512=5";

// What the body has to be by Content-Digest, and by Repr-Digest where the body is the whole file:
// sha-256 and sha-512; other algorithms count for nothing (RFC 9530 2 and 3). bad_request for a
// field that cannot be read and for a digest of another size.
Result<std::vector<ExpectedDigest>> expected_digests(const http::Headers& headers,
                                                     bool is_whole_file);

}  // namespace sluice::protocol
