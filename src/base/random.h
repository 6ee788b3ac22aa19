// SPDX-License-Identifier: MIT
// Randomness.
#pragma once

#include <string>

namespace sluice {

// 256 random bits that nobody can guess, as 43 characters of base64url: the secret in an upload's
// URL.
std::string random_token();

// In [0, 1). For jitter: an attacker could guess it.
double random_fraction();

}  // namespace sluice
