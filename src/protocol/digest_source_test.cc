// SPDX-License-Identifier: MIT
#include "protocol/digest_source.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>

#include "base/encoding.h"
#include "support/run.h"
#include "support/scripted_source.h"

namespace sluice::protocol {
namespace {

using testing::ScriptedSource;

struct Known {
  DigestAlgorithm algorithm;
  const char* hex;
};

// Of "123456789": the check value of crc32, the others by coreutils.
constexpr std::array known_digests{
    Known{DigestAlgorithm::md5, "25f9e794323b453885f5181f1b624d0b"},
    Known{DigestAlgorithm::sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"},
    Known{DigestAlgorithm::sha256,
          "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"},
    Known{DigestAlgorithm::sha512,
          "d9e6762dd1c8eaf6d61b3c6192fc408d4d6d5f1176d0c29169bc24e71c3f274a"
          "d27fcd5811b313d681f7e55ec02d73d499c95455b6b5bb503acf574fba8ffe85"},
    Known{DigestAlgorithm::crc32, "cbf43926"},
};

std::string digest_of(DigestAlgorithm algorithm, std::string_view text) {
  BodyDigest digest(algorithm);
  digest.add(as_bytes(text));
  return digest.finish();
}

// All bytes, or the error that came.
Result<std::string> read_all(DigestSource& source) {
  std::string text;
  std::array<std::byte, 4> buffer{};
  while (true) {
    const Result<std::size_t> count =
        testing::run(source.read(buffer, std::chrono::milliseconds(1)));
    if (!count) {
      return fail(count.error());
    }
    if (*count == 0) {
      return text;
    }
    text += as_text(Bytes(buffer).first(*count));
  }
}

TEST(BodyDigest, IsThatOfOtherPrograms) {
  for (const Known& known : known_digests) {
    BodyDigest digest(known.algorithm);
    digest.add(as_bytes("1234"));
    digest.add({});
    digest.add(as_bytes("56789"));
    EXPECT_EQ(to_hex(as_bytes(digest.finish())), known.hex);
  }
}

TEST(DigestSource, PassesABodyOnThatHasItsDigest) {
  for (const Known& known : known_digests) {
    ScriptedSource body("123456789");
    DigestSource source(body, {{known.algorithm, digest_of(known.algorithm, "123456789")}});
    EXPECT_EQ(source.remaining(), 9U);
    EXPECT_EQ(read_all(source).value(), "123456789");
    EXPECT_TRUE(read_all(source)) << "the end stays the end";
  }
}

TEST(DigestSource, ReportsAnotherDigestInPlaceOfTheEnd) {
  for (const Known& known : known_digests) {
    ScriptedSource body("123456780");
    DigestSource source(body, {{known.algorithm, digest_of(known.algorithm, "123456789")}});
    EXPECT_EQ(read_all(source).error().code(), Errc::digest_mismatch);
    EXPECT_EQ(read_all(source).error().code(), Errc::digest_mismatch) << "for ever after";
  }
}

TEST(DigestSource, ReportsWhatEndsTheBody) {
  ScriptedSource body("123", ScriptedSource::Ending::lost);
  DigestSource source(body, {{DigestAlgorithm::sha1, digest_of(DigestAlgorithm::sha1, "123")}});
  EXPECT_EQ(read_all(source).error().code(), Errc::closed_by_peer);
}

TEST(DigestSource, LooksAtBytesThatAnotherThreadReads) {
  for (const bool is_right : {true, false}) {
    ScriptedSource body("123456789");
    DigestSource source(body, {{DigestAlgorithm::sha1,
                                digest_of(DigestAlgorithm::sha1, is_right ? "123456789" : "1")}});
    std::array<std::byte, 16> buffer{};
    {
      const std::unique_ptr<runtime::Loan> loan = source.lend();
      ASSERT_NE(loan, nullptr);
      EXPECT_FALSE(loan->descriptor());
      EXPECT_EQ(loan->read(buffer, Duration::zero()), 9U);
    }
    EXPECT_EQ(read_all(source).has_value(), is_right);
  }
}

TEST(DigestSource, AsksForTheDigestsAtTheEnd) {
  bool has_ended = false;
  ScriptedSource body("123456789");
  DigestSource source(body, {DigestAlgorithm::md5, DigestAlgorithm::sha1}, [&] {
    has_ended = true;
    return std::vector{
        ExpectedDigest{DigestAlgorithm::sha1, digest_of(DigestAlgorithm::sha1, "123456789")}};
  });
  std::array<std::byte, 9> buffer{};
  EXPECT_EQ(testing::run(source.read(buffer, Duration::zero())).value(), 9U);
  EXPECT_FALSE(has_ended);
  EXPECT_TRUE(read_all(source));
  EXPECT_TRUE(has_ended);

  ScriptedSource without("123456789");
  DigestSource untold(without, {DigestAlgorithm::md5}, []() -> Result<std::vector<ExpectedDigest>> {
    return fail(Errc::bad_request, "no trailer");
  });
  EXPECT_EQ(read_all(untold).error().code(), Errc::bad_request);
}

}  // namespace
}  // namespace sluice::protocol
