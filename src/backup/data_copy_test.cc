// SPDX-License-Identifier: MIT
#include "backup/data_copy.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "support/temporary_directory.h"

namespace sluice::backup {
namespace {

namespace fs = std::filesystem;

class DataCopyTest : public ::testing::Test {
 protected:
  static void write(const std::string& path, const std::string& text) {
    fs::create_directories(fs::path(path).parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }
  static std::string read(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }
  std::set<std::string> names() const {
    std::set<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(to.path())) {
      found.insert(fs::relative(entry.path(), to.path()));
    }
    return found;
  }

  sluice::testing::TemporaryDirectory from;
  sluice::testing::TemporaryDirectory to;
  DataCopy copy{from.path(), to.path()};
};

TEST_F(DataCopyTest, CopiesWhatADataDirectoryKeepsAndNothingElse) {
  for (const char* name :
       {"journal.sqlite", "uploads/07/7.part", "videos/a.mp4", "answers/7", "secret", "location",
        "objects", "lock", "control.sock", "lost+found-1/x", "backup/uploads/07/7.part", "notes"}) {
    write(from.path() + "/" + name, name);
  }
  fs::create_symlink("/etc/passwd", from.path() + "/videos/b.mp4");
  ASSERT_TRUE(copy.copy_journal());
  ASSERT_TRUE(copy.copy_files());
  EXPECT_EQ(names(), (std::set<std::string>{
                         "journal.sqlite", "uploads", "uploads/07", "uploads/07/7.part", "videos",
                         "videos/a.mp4", "answers", "answers/7", "secret", "objects", "location"}));
  for (const char* name : {"journal.sqlite", "uploads/07/7.part", "videos/a.mp4", "secret"}) {
    EXPECT_EQ(read(to.path() + "/" + name), name);
    EXPECT_EQ(fs::status(to.path() + "/" + name).permissions(),
              fs::perms::owner_read | fs::perms::owner_write);
  }
  EXPECT_EQ(copy.copied().files, 7U);
  EXPECT_TRUE(sync_file_system(to.path()));
}

TEST_F(DataCopyTest, HolesStayHoles) {
  const std::string blob = "/uploads/07/7.part";
  write(from.path() + blob, "begin");
  constexpr std::uint64_t middle = 32UL << 20;
  {
    std::ofstream file(from.path() + blob, std::ios::binary | std::ios::in);
    file.seekp(middle);
    file << "middle";
  }
  fs::resize_file(from.path() + blob, 2 * middle);
  ASSERT_TRUE(copy.copy_files());
  EXPECT_EQ(read(from.path() + blob), read(to.path() + blob));
  struct stat original{};
  struct stat copied{};
  ASSERT_EQ(::stat((from.path() + blob).c_str(), &original), 0);
  ASSERT_EQ(::stat((to.path() + blob).c_str(), &copied), 0);
  EXPECT_LE(copied.st_blocks, original.st_blocks + 8);
}

TEST_F(DataCopyTest, AnEmptyDataDirectoryHasItsFolders) {
  ASSERT_TRUE(copy.copy_files());
  EXPECT_EQ(names(), (std::set<std::string>{"uploads", "videos", "answers"}));
}

TEST_F(DataCopyTest, GivesTheFilesAway) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can";
  }
  write(from.path() + "/videos/a.mp4", "a");
  DataCopy given(from.path(), to.path(), Owner{12, 34});
  ASSERT_TRUE(given.copy_files());
  for (const char* name : {"/videos", "/videos/a.mp4"}) {
    struct stat status{};
    ASSERT_EQ(::stat((to.path() + name).c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, 12U);
    EXPECT_EQ(status.st_gid, 34U);
  }
}

}  // namespace
}  // namespace sluice::backup
