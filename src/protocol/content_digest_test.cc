// SPDX-License-Identifier: MIT
#include "protocol/content_digest.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::protocol {
namespace {

// Of "abc".
constexpr const char* sha256_of_abc = "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:";
constexpr const char* sha512_of_abc =
    "sha-512=:3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/"
    "uu9RU1EI2Q86A4qmslPpUyknw==:";

std::size_t digests_in(const std::string& content, const std::string& repr, bool is_whole_file) {
  http::Headers headers;
  headers.add("Content-Digest", content);
  headers.add("Repr-Digest", repr);
  const auto digests = expected_digests(headers, is_whole_file);
  return digests ? digests->size() : 99;
}

TEST(ContentDigest, CountsOfKnownAlgorithmsAlone) {
  EXPECT_EQ(digests_in(sha256_of_abc, sha512_of_abc, true), 2U);
  EXPECT_EQ(digests_in(sha256_of_abc, sha512_of_abc, false), 1U);
  EXPECT_EQ(digests_in(std::string(sha256_of_abc) + ", " + sha512_of_abc, "", false), 2U);
  EXPECT_EQ(digests_in("md5=:AA==:, unixsum=1, sha-256;x=1, sha=(1 2)", "", true), 99U);
  EXPECT_EQ(digests_in("md5=:AA==:, unixsum=1, sha=(1 2)", "", true), 0U);
  EXPECT_EQ(digests_in("", "sha-512=:AA==:", false), 0U);
  for (const char* broken :
       {"sha-256=:AA==:", "sha-256", "sha-256=\"x\"", "sha-512=:", "SHA-256"}) {
    EXPECT_EQ(digests_in(broken, "", true), 99U) << broken;
  }
}

}  // namespace
}  // namespace sluice::protocol
