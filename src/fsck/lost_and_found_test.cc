// SPDX-License-Identifier: MIT
#include "fsck/lost_and_found.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "runtime/posix_disk.h"
#include "support/temporary_directory.h"

namespace sluice::fsck {
namespace {

namespace fs = std::filesystem;

constexpr Timestamp noon(std::chrono::milliseconds(1'795'348'800'123));

class LostAndFoundTest : public ::testing::Test {
 protected:
  void write(const std::string& path, const std::string& text) const {
    fs::create_directories(fs::path(root.path() + "/" + path).parent_path());
    std::ofstream(root.path() + "/" + path) << text;
  }
  std::string read(const std::string& path) const {
    std::ifstream file(root.path() + "/" + path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  sluice::testing::TemporaryDirectory root;
  runtime::PosixDisk disk;
};

TEST_F(LostAndFoundTest, KeepsTheRelativePath) {
  LostAndFound lost_and_found(disk, root.path(), noon);
  EXPECT_EQ(std::distance(fs::directory_iterator(root.path()), fs::directory_iterator()), 0);
  write("uploads/a7/679.part", "bytes");
  write("top", "level");
  EXPECT_EQ(lost_and_found.take("uploads/a7/679.part").value(),
            "lost+found-20261122T120000Z/uploads/a7/679.part");
  EXPECT_EQ(lost_and_found.take("top").value(), "lost+found-20261122T120000Z/top");
  EXPECT_EQ(read("lost+found-20261122T120000Z/uploads/a7/679.part"), "bytes");
  EXPECT_EQ(read("lost+found-20261122T120000Z/top"), "level");
  EXPECT_FALSE(fs::exists(root.path() + "/uploads/a7/679.part"));
}

TEST_F(LostAndFoundTest, TakesADirectoryAsItIs) {
  LostAndFound lost_and_found(disk, root.path(), noon);
  write("uploads/zz/inner", "bytes");
  EXPECT_TRUE(lost_and_found.take("uploads/zz"));
  EXPECT_EQ(read("lost+found-20261122T120000Z/uploads/zz/inner"), "bytes");
}

TEST_F(LostAndFoundTest, NeverUsesAnOlderOnesDirectory) {
  write("lost+found-20261122T120000Z/top", "older");
  LostAndFound lost_and_found(disk, root.path(), noon);
  write("top", "newer");
  EXPECT_EQ(lost_and_found.take("top").value(), "lost+found-20261122T120000Z-2/top");
  EXPECT_EQ(read("lost+found-20261122T120000Z/top"), "older");
}

TEST_F(LostAndFoundTest, RefusesToReplaceWhatItHasTaken) {
  LostAndFound lost_and_found(disk, root.path(), noon);
  write("top", "first");
  EXPECT_TRUE(lost_and_found.take("top"));
  write("top", "second");
  EXPECT_FALSE(lost_and_found.take("top"));
  EXPECT_EQ(read("top"), "second");
  EXPECT_EQ(read("lost+found-20261122T120000Z/top"), "first");
}

}  // namespace
}  // namespace sluice::fsck
