// SPDX-License-Identifier: MIT
#include "cli/source_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "base/digest.h"
#include "base/encoding.h"
#include "support/temporary_directory.h"

namespace sluice::cli {
namespace {

bool always() {
  return true;
}

class SourceFileTest : public ::testing::Test {
 protected:
  SourceFile open(const std::string& content) const {
    std::ofstream(path()) << content;
    return *SourceFile::open(path());
  }
  std::string path() const { return temporary_.path() + "/file"; }

  sluice::testing::TemporaryDirectory temporary_;
};

TEST_F(SourceFileTest, ThePrefixOfAWholeFileHasItsDigest) {
  SourceFile file = open("abcdef");
  EXPECT_EQ(file.read_to(0, always), Prefix());
  const Prefix whole{.size = 6, .digest = to_hex(sha256("abcdef"))};
  EXPECT_EQ(file.read_to(1, always), whole);
  EXPECT_EQ(file.read_to(6, always), whole);
  EXPECT_FALSE(file.read_to(7, always));
}

TEST_F(SourceFileTest, StepsGoOnWithTheDigest) {
  const std::string content(digest_step_bytes + 3, 'x');
  SourceFile file = open(content);
  const Prefix step{
      .size = digest_step_bytes,
      .digest = to_hex(sha256(std::string_view(content).substr(0, digest_step_bytes)))};
  EXPECT_EQ(file.read_to(5, always), step);
  EXPECT_EQ(file.begins_with(step, always), true);
  EXPECT_EQ(file.read_to(digest_step_bytes + 1, [] { return false; }), step);
  EXPECT_EQ(file.read_to(digest_step_bytes + 1, always),
            (Prefix{.size = content.size(), .digest = to_hex(sha256(content))}));
}

TEST_F(SourceFileTest, OnlyFilesAreOpened) {
  EXPECT_EQ(SourceFile::open(temporary_.path()).error(), "is a folder; -r uploads the files in it");
  EXPECT_EQ(SourceFile::open("/dev/null").error(), "is no regular file");
  EXPECT_EQ(SourceFile::open(path()).error(), "cannot be opened: No such file or directory");
}

TEST_F(SourceFileTest, OtherBytesAreSeen) {
  SourceFile file = open("abcdef");
  const Prefix before = *file.read_to(6, always);
  std::ofstream(path(), std::ios::in) << "abcdeX";
  EXPECT_EQ(file.begins_with(before, always), false);
  EXPECT_EQ(file.begins_with(before, [] { return false; }), true) << "asked to stop";
  std::ofstream(path(), std::ios::trunc) << "abc";
  EXPECT_FALSE(file.begins_with(before, always));
}

}  // namespace
}  // namespace sluice::cli
