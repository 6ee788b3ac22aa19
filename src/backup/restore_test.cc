// SPDX-License-Identifier: MIT
#include "backup/restore.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "backup/backup.h"
#include "journal/sqlite_schema.h"
#include "support/temporary_directory.h"

namespace sluice::backup {
namespace {

namespace fs = std::filesystem;

class RestoreTest : public ::testing::Test {
 protected:
  RestoreTest() {
    fs::create_directories(backup + "/videos");
    EXPECT_TRUE(journal::open_database(backup + "/journal.sqlite", Durability::commit));
  }
  static void write(const std::string& path) { std::ofstream(path) << "text"; }
  // Why it was refused; empty: it was not.
  std::string refusal() const {
    const Result<Copied> restored = restore(backup, data);
    return restored ? "" : restored.error().message();
  }
  bool refused_for(const std::string& words) const {
    const std::string why = refusal();
    EXPECT_NE(why.find(words), std::string::npos) << why;
    return !why.empty() && !fs::exists(data + "/journal.sqlite");
  }

  sluice::testing::TemporaryDirectory directory;
  std::string backup = directory.path() + "/backup";
  const std::string data = directory.path() + "/data";
};

TEST_F(RestoreTest, MakesADataDirectoryWhereThereIsNone) {
  write(backup + "/videos/a.mp4");
  EXPECT_EQ(refusal(), "");
  EXPECT_TRUE(fs::exists(data + "/videos/a.mp4"));
  EXPECT_TRUE(fs::exists(data + "/journal.sqlite"));
  EXPECT_FALSE(fs::exists(data + "/restore.unfinished"));
  EXPECT_NE(refusal().find("is not empty"), std::string::npos) << "over what is restored";
}

TEST_F(RestoreTest, TakesAnEmptyDirectoryAndTheRootOfAFileSystem) {
  fs::create_directories(data + "/lost+found");
  EXPECT_EQ(refusal(), "");
}

TEST_F(RestoreTest, RefusesADirectoryThatHoldsSomething) {
  fs::create_directory(data);
  write(data + "/notes");
  EXPECT_TRUE(refused_for("is not empty: it holds notes"));
}

TEST_F(RestoreTest, RefusesWhatIsNoBackup) {
  fs::rename(backup + "/journal.sqlite", backup + "/other");
  EXPECT_TRUE(refused_for("is no data directory"));
}

TEST_F(RestoreTest, RefusesABackupThatCameToNoEnd) {
  const std::string unfinished = backup + NewBackup::unfinished;
  fs::rename(backup, unfinished);
  backup = unfinished;
  EXPECT_TRUE(refused_for("came to no end"));
  backup += "/";
  EXPECT_TRUE(refused_for("came to no end"));
}

TEST_F(RestoreTest, RefusesADataDirectoryThatIsInUse) {
  write(backup + "/journal.sqlite-wal");
  EXPECT_TRUE(refused_for("is no backup"));
}

TEST_F(RestoreTest, RefusesAJournalOfTheFutureAndLeavesNothing) {
  {
    auto journal = journal::open_database(backup + "/journal.sqlite", Durability::commit);
    ASSERT_TRUE(journal && journal->execute("PRAGMA user_version = 1000"));
  }
  EXPECT_TRUE(refused_for("has version 1000"));
  EXPECT_TRUE(fs::is_empty(data));
}

}  // namespace
}  // namespace sluice::backup
