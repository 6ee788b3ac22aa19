// SPDX-License-Identifier: MIT
#include "auth/mac.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "base/bytes.h"
#include "base/check.h"
#include "base/encoding.h"

namespace sluice::auth {
namespace {

constexpr std::size_t digest_bytes = 32;
constexpr std::size_t base64_bytes = 44;

const unsigned char* octets(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string hmac_sha256_base64(std::string_view key, std::string_view text) {
  std::array<unsigned char, digest_bytes> mac{};
  unsigned size = 0;
  SLUICE_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), octets(text),
                    text.size(), mac.data(), &size) != nullptr);
  SLUICE_CHECK(size == mac.size());
  std::array<unsigned char, base64_bytes + 1> encoded{};
  const int length = EVP_EncodeBlock(encoded.data(), mac.data(), static_cast<int>(mac.size()));
  SLUICE_CHECK(length == static_cast<int>(base64_bytes));
  return {encoded.begin(), encoded.end() - 1};
}

std::string sha256_hex(std::string_view text) {
  std::array<std::byte, digest_bytes> digest{};
  unsigned size = 0;
  SLUICE_CHECK(EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(digest.data()),
                          &size, EVP_sha256(), nullptr) == 1);
  SLUICE_CHECK(size == digest.size());
  return to_hex(digest);
}

bool equal_in_constant_time(std::string_view left, std::string_view right) noexcept {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace sluice::auth
