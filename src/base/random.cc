// SPDX-License-Identifier: MIT
#include "base/random.h"

#include <openssl/rand.h>

#include <array>
#include <random>

#include "base/bytes.h"
#include "base/check.h"
#include "base/encoding.h"

namespace sluice {
namespace {

void fill_randomly(MutableBytes bytes) {
  SLUICE_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()),
                          static_cast<int>(bytes.size())) == 1);
}

}  // namespace

std::string random_token() {
  std::array<std::byte, 32> bytes{};
  fill_randomly(bytes);
  return to_base64url(bytes);
}

std::string random_id() {
  constexpr std::size_t id_bytes = 9;
  // Asking OpenSSL costs as much for one as for many.
  thread_local std::array<std::byte, 32 * id_bytes> bytes;
  thread_local std::size_t used = bytes.size();
  if (used == bytes.size()) {
    fill_randomly(bytes);
    used = 0;
  }
  used += id_bytes;
  return to_base64url(Bytes(bytes).subspan(used - id_bytes, id_bytes));
}

std::string random_hex_id() {
  std::array<std::byte, 8> bytes{};
  fill_randomly(bytes);
  return to_hex(bytes);
}

double random_fraction() {
  thread_local std::minstd_rand generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0.0, 1.0)(generator);
}

}  // namespace sluice
