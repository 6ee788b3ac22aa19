// SPDX-License-Identifier: MIT
#include "store/pinning_disk.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "runtime/posix_disk.h"
#include "store/local/blob_split.h"
#include "support/temporary_directory.h"

namespace sluice::store {
namespace {

namespace fs = std::filesystem;

class PinningDiskTest : public ::testing::Test {
 protected:
  std::string full(const std::string& name) const { return directory.path() + "/" + name; }
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories(fs::path(full(name)).parent_path());
    std::ofstream(full(name), std::ios::binary | std::ios::app) << text;
  }
  // Name to content.
  std::map<std::string, std::string> pinned() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(disk.pins())) {
      if (entry.is_regular_file()) {
        std::ostringstream text;
        text << std::ifstream(entry.path(), std::ios::binary).rdbuf();
        files[fs::relative(entry.path(), disk.pins())] = text.str();
      }
    }
    return files;
  }

  using Files = std::map<std::string, std::string>;
  sluice::testing::TemporaryDataDirectory directory;
  runtime::PosixDisk posix;
  PinningDisk disk{posix, directory.path()};
};

TEST_F(PinningDiskTest, KeepsWhatIsRemovedAndRenamedOnceABackupHasBegun) {
  write("uploads/07/7.part", "seven");
  write("uploads/08/8.part", "eight");
  write("uploads/09/9.part", "nine");
  write("videos/a.mp4", "film");
  write("videos/b.mp4", "removed before");
  write("answers/7", "answer");
  write("secret", "s");
  write("location", "l");
  write("objects", "o");
  write("journal.sqlite", "copied by itself");
  EXPECT_TRUE(disk.remove(full("videos/b.mp4")));
  EXPECT_FALSE(disk.is_pinning());
  ASSERT_TRUE(disk.begin());
  EXPECT_TRUE(disk.is_pinning());
  EXPECT_TRUE(disk.remove(full("uploads/07/7.part")));
  EXPECT_TRUE(disk.remove(full("answers/7")));
  EXPECT_TRUE(disk.remove(full("answers/none")));
  EXPECT_TRUE(disk.rename(full("uploads/08/8.part"), full("videos/c.mp4")));
  ASSERT_TRUE(disk.pin_all());
  EXPECT_TRUE(disk.remove(full("videos/a.mp4")));
  EXPECT_TRUE(disk.remove(full("videos/c.mp4")));
  write("uploads/0a/10.part", "of the time after");
  EXPECT_TRUE(disk.remove(full("uploads/0a/10.part")));
  const Files expected{{"uploads/07/7.part", "seven"},
                       {"uploads/08/8.part", "eight"},
                       {"uploads/09/9.part", "nine"},
                       {"videos/a.mp4", "film"},
                       {"videos/c.mp4", "eight"},
                       {"answers/7", "answer"},
                       {"secret", "s"},
                       {"location", "l"},
                       {"objects", "o"}};
  EXPECT_EQ(pinned(), expected);
  EXPECT_TRUE(disk.end());
  EXPECT_FALSE(fs::exists(disk.pins()));
  EXPECT_TRUE(disk.remove(full("uploads/09/9.part")));
  EXPECT_FALSE(fs::exists(disk.pins()));
}

TEST_F(PinningDiskTest, KeepsTheExtraFilesThatAHandOffTakesOutOfABlob) {
  write("uploads/07/7.part", "mainextra");
  ASSERT_TRUE(disk.begin());
  ASSERT_TRUE(disk.pin_all());
  local::BlobSplit split(disk, full("uploads/07/7.part"), Durability::commit);
  EXPECT_TRUE(split.run(4, {{{4, 9}, full("videos/a-1.srt")}}));
  EXPECT_TRUE(disk.remove(full("videos/a-1.srt")));
  EXPECT_EQ(pinned(), (Files{{"uploads/07/7.part", "main"}, {"videos/a-1.srt", "extra"}}));
  EXPECT_TRUE(disk.end());
}

TEST_F(PinningDiskTest, BeginsAnewOverWhatADeadBackupHasLeft) {
  write("backup/uploads/07/7.part", "old");
  write("uploads/08/8.part", "new");
  ASSERT_TRUE(disk.begin());
  ASSERT_TRUE(disk.pin_all());
  EXPECT_EQ(pinned(), (Files{{"uploads/08/8.part", "new"}}));
}

TEST_F(PinningDiskTest, SaysWhenAFileCouldNotBeKept) {
  write("answers/7", "first");
  ASSERT_TRUE(disk.begin());
  EXPECT_TRUE(disk.remove(full("answers/7")));
  write("answers/7", "second");
  EXPECT_TRUE(disk.remove(full("answers/7"))) << "removals do not depend on backups";
  EXPECT_FALSE(disk.end());
  ASSERT_TRUE(disk.begin());
  EXPECT_TRUE(disk.end());
}

}  // namespace
}  // namespace sluice::store
