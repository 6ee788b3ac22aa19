// SPDX-License-Identifier: MIT
// SHA-256 over bytes that come in pieces, and HMAC-SHA256 (RFC 2104).
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

#include "base/bytes.h"

namespace sluice {

using Sha256Digest = std::array<std::byte, 32>;

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void add(Bytes bytes);
  // Of the bytes so far; more may follow.
  Sha256Digest so_far() const;
  // Once, at the end.
  Sha256Digest finish();

 private:
  struct ContextDeleter {
    void operator()(void* context) const;
  };
  std::unique_ptr<void, ContextDeleter> context_;  // EVP_MD_CTX
};

Sha256Digest sha256(std::string_view text);
Sha256Digest hmac_sha256(std::string_view key, std::string_view text);

}  // namespace sluice
