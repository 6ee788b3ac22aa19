// SPDX-License-Identifier: MIT
// The field Upload-Checksum of tus 1.0.0, in a head or a trailer. Knows no socket.
#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"
#include "protocol/digest_source.h"

namespace sluice::protocol::tus {

// As Tus-Checksum-Algorithm names them.
inline constexpr const char* checksum_algorithms = "sha1,sha256,md5,crc32";

// Those that a trailer may name.
const std::vector<DigestAlgorithm>& known_algorithms();

// "sha1 2jmj7l5rSw0yVb/vlWAYkK/YBwk=". bad_request for anything else, and for algorithms that are
// not known.
Result<ExpectedDigest> parse_upload_checksum(std::string_view text);

}  // namespace sluice::protocol::tus
