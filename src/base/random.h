// SPDX-License-Identifier: MIT
// Randomness that an attacker cannot guess.
#pragma once

#include <string>

namespace sluice {

// 256 random bits as 43 characters of base64url: the secret in an upload's URL.
std::string random_token();

}  // namespace sluice
