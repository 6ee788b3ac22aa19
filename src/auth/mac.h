// SPDX-License-Identifier: MIT
// Digests and message authentication codes, and the comparison that tells nothing by its time.
#pragma once

#include <string>
#include <string_view>

namespace sluice::auth {

// HMAC-SHA256 in base64 with padding (RFC 4648 4).
std::string hmac_sha256_base64(std::string_view key, std::string_view text);

// SHA-256 as lower-case hex digits.
std::string sha256_hex(std::string_view text);

// Takes the same time wherever the texts differ; their lengths are no secret.
bool equal_in_constant_time(std::string_view left, std::string_view right) noexcept;

}  // namespace sluice::auth
