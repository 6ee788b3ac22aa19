// SPDX-License-Identifier: MIT
#include "base/random.h"

#include <openssl/rand.h>

#include <array>

#include "base/bytes.h"
#include "base/check.h"
#include "base/encoding.h"

namespace sluice {

std::string random_token() {
  std::array<std::byte, 32> bytes{};
  SLUICE_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size()) == 1);
  return to_base64url(bytes);
}

}  // namespace sluice
