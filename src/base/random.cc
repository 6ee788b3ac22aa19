// SPDX-License-Identifier: MIT
#include "base/random.h"

#include <openssl/rand.h>

#include <array>
#include <random>

#include "base/bytes.h"
#include "base/check.h"
#include "base/encoding.h"

namespace sluice {

std::string random_token() {
  std::array<std::byte, 32> bytes{};
  SLUICE_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size()) == 1);
  return to_base64url(bytes);
}

double random_fraction() {
  thread_local std::minstd_rand generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0.0, 1.0)(generator);
}

}  // namespace sluice
