// SPDX-License-Identifier: MIT
#include "base/digest.h"

#include <gtest/gtest.h>

#include <string>

#include "base/encoding.h"

namespace sluice {
namespace {

TEST(Sha256, gives_the_known_digests) {
  EXPECT_EQ(to_hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, does_not_depend_on_how_the_bytes_are_cut) {
  const std::string text(100, 'x');
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Sha256 hash;
    hash.add(as_bytes(text).first(cut));
    hash.add(as_bytes(text).subspan(cut));
    EXPECT_EQ(hash.finish(), sha256(text)) << cut;
  }
}

// RFC 4231 4.3
TEST(HmacSha256, gives_the_digest_of_the_rfc) {
  EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

}  // namespace
}  // namespace sluice
