// SPDX-License-Identifier: MIT
// Randomness.
#pragma once

#include <string>

namespace sluice {

// 256 unguessable random bits, as 43 characters of base64url: the secret in an upload's URL.
std::string random_token();

// 72 random bits as 12 characters of base64url: enough to tell things apart, short enough to be
// read out by a person, and no secret.
std::string random_id();

// 64 random bits as 16 hex digits.
std::string random_hex_id();

// In [0, 1). For jitter: an attacker could guess it.
double random_fraction();

}  // namespace sluice
