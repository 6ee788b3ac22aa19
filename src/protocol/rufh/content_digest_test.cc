// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <string>

#include "support/rufh_fixture.h"

namespace sluice::protocol::rufh {
namespace {

using testing::RufhFixture;

// Of "abc".
constexpr const char* sha256 = "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:";
constexpr const char* sha512 =
    "sha-512=:3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/"
    "uu9RU1EI2Q86A4qmslPpUyknw==:";

class RufhDigestTest : public RufhFixture {
 protected:
  static std::string content(const char* digest) {
    return std::string("\nContent-Digest: ") + digest;
  }
};

TEST_F(RufhDigestTest, OfAnAppendIsComparedBeforeAByteCounts) {
  const std::string path = create("", "xyz");
  for (const char* digest : {sha256, sha512}) {
    const http::Response wrong = patch(path, 3, "abd", false, content(digest));
    EXPECT_EQ(told(wrong), "400 3 ?0") << digest;
    EXPECT_EQ(told_at(path), "204 3 ?0");
  }
  EXPECT_EQ(told(patch(path, 3, "abc", false, content(sha256))), "204 6 ?0");
  EXPECT_EQ(told(patch(path, 6, "abd", true, content(sha512))), "400 6 ?0");
  EXPECT_EQ(told(patch(path, 6, "abc", true, content(sha512))), "200 9 ?1");
  EXPECT_EQ(stored(path), "xyzabcabc");
}

TEST_F(RufhDigestTest, OfABodyThatBreaksOffIsNotKnown) {
  const std::string path = create("\nUpload-Length: 9");
  send_broken(patch_head(path, 0, true) + content(sha256) + "\nContent-Length: 9", "abcd");
  EXPECT_EQ(told_at(path), "204 4 ?0");
}

TEST_F(RufhDigestTest, OfAWholeFileIsComparedByEitherField) {
  for (const char* field : {"\nContent-Digest: ", "\nRepr-Digest: "}) {
    for (const char* words : {"\nUpload-Complete: ?1", ""}) {
      const std::string head = std::string("POST /files") + field + sha256 + words;
      EXPECT_EQ(send(head, "abd").status, 400) << field;
      EXPECT_EQ(deliveries, 0);
      EXPECT_EQ(send(head, "abc").status, 200) << field;
      EXPECT_EQ(deliveries, 1);
      deliveries = 0;
    }
  }
}

TEST_F(RufhDigestTest, OfACreationThatIsWrongLeavesTheUploadWithoutBytes) {
  const http::Response wrong =
      rufh("POST /files\nUpload-Complete: ?0\nUpload-Length: 9" + content(sha256), "abd");
  EXPECT_EQ(told(wrong), "400 0 ?0");
  const std::string path = path_in(wrong);
  EXPECT_EQ(told_at(path), "204 0 ?0");
  EXPECT_EQ(told(patch(path, 0, "abcdefghi", true)), "200 9 ?1");
}

TEST_F(RufhDigestTest, ThatCannotBeReadIsRefused) {
  EXPECT_EQ(rufh("POST /files\nUpload-Complete: ?1\nContent-Digest: sha-256=x", "abc").status, 400);
  EXPECT_TRUE(journal.uploads.empty());
  const std::string path = create("", "xyz");
  EXPECT_EQ(told(patch(path, 3, "abc", false, content("sha-256=:AA==:"))), "400 (none) ?0");
  EXPECT_EQ(told_at(path), "204 3 ?0");
}

}  // namespace
}  // namespace sluice::protocol::rufh
