// SPDX-License-Identifier: MIT
#include "base/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/check.h"

namespace sluice {
namespace {

EVP_MD_CTX* evp(void* context) {
  return static_cast<EVP_MD_CTX*>(context);
}

}  // namespace

void Sha256::ContextDeleter::operator()(void* context) const {
  EVP_MD_CTX_free(evp(context));
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  SLUICE_CHECK(context_ != nullptr);
  SLUICE_CHECK(EVP_DigestInit_ex(evp(context_.get()), EVP_sha256(), nullptr) == 1);
}

Sha256::~Sha256() = default;

void Sha256::add(Bytes bytes) {
  SLUICE_CHECK(EVP_DigestUpdate(evp(context_.get()), bytes.data(), bytes.size()) == 1);
}

Sha256Digest Sha256::finish() {
  Sha256Digest digest{};
  unsigned size = 0;
  SLUICE_CHECK(EVP_DigestFinal_ex(evp(context_.get()),
                                  reinterpret_cast<unsigned char*>(digest.data()), &size) == 1);
  SLUICE_CHECK(size == digest.size());
  return digest;
}

Sha256Digest Sha256::so_far() const {
  Sha256 copy;
  SLUICE_CHECK(EVP_MD_CTX_copy_ex(evp(copy.context_.get()), evp(context_.get())) == 1);
  return copy.finish();
}

Sha256Digest sha256(std::string_view text) {
  Sha256 hash;
  hash.add(as_bytes(text));
  return hash.finish();
}

Sha256Digest hmac_sha256(std::string_view key, std::string_view text) {
  Sha256Digest digest{};
  unsigned size = 0;
  const unsigned char* made = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                                   reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                                   reinterpret_cast<unsigned char*>(digest.data()), &size);
  SLUICE_CHECK(made != nullptr && size == digest.size());
  return digest;
}

}  // namespace sluice
