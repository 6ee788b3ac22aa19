// SPDX-License-Identifier: MIT
#include "store/data_directory.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "support/temporary_directory.h"

namespace sluice::store {
namespace {

TEST(DataDirectory, IsMadeForItsOwnerAlone) {
  testing::TemporaryDirectory parent;
  const auto directory = DataDirectory::open(parent.path() + "/data/");
  ASSERT_TRUE(directory) << directory.error().message();
  EXPECT_EQ(directory->path(), parent.path() + "/data");
  EXPECT_TRUE(std::filesystem::is_directory(directory->uploads()));
  EXPECT_TRUE(std::filesystem::is_directory(directory->videos()));
  EXPECT_TRUE(std::filesystem::is_directory(directory->answers()));
  struct stat status{};
  ASSERT_EQ(::stat(directory->path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
}

TEST(DataDirectory, HasASecretOfItsOwnThatStays) {
  testing::TemporaryDirectory parent;
  const auto first = DataDirectory::open(parent.path() + "/first");
  const auto second = DataDirectory::open(parent.path() + "/second");
  const Result<std::string> secret = first->secret();
  ASSERT_TRUE(secret) << secret.error().message();
  EXPECT_EQ(secret->size(), 43U);
  EXPECT_EQ(*first->secret(), *secret);
  EXPECT_NE(*second->secret(), *secret);
  struct stat status{};
  ASSERT_EQ(::stat((first->path() + "/secret").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  std::ofstream(first->path() + "/secret") << "short";
  const Result<std::string> damaged = first->secret();
  ASSERT_FALSE(damaged);
  EXPECT_TRUE(damaged.error().message().starts_with(first->path() + "/secret: expected 43"));
}

TEST(DataDirectory, RemembersThatItsFilesLieInAnObjectStore) {
  testing::TemporaryDirectory parent;
  {
    const auto directory = DataDirectory::open(parent.path() + "/data");
    EXPECT_EQ(directory->has_objects(), false);
    EXPECT_TRUE(directory->mark_objects());
    EXPECT_TRUE(directory->mark_objects());
  }
  EXPECT_EQ(DataDirectory::open(parent.path() + "/data")->has_objects(), true);
}

TEST(DataDirectory, IsHeldByOneAtATime) {
  testing::TemporaryDirectory parent;
  const std::string path = parent.path() + "/data";
  {
    const auto first = DataDirectory::open(path);
    ASSERT_TRUE(first);
    const auto second = DataDirectory::open(path);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().message(), "data directory " + path +
                                            " is in use by another process (process " +
                                            std::to_string(::getpid()) + ")");
  }
  EXPECT_TRUE(DataDirectory::open(path));
}

TEST(DataDirectory, IsFreeAgainWhenItsHolderWasKilled) {
  testing::TemporaryDirectory parent;
  const std::string path = parent.path() + "/data";
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto held = DataDirectory::open(path);
    if (held) {
      ::kill(::getpid(), SIGKILL);
    }
    ::_exit(1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_TRUE(DataDirectory::open(path));
}

TEST(DataDirectory, SaysWhatIsWrongWithThePath) {
  testing::TemporaryDirectory parent;
  const auto orphan = DataDirectory::open(parent.path() + "/none/data");
  ASSERT_FALSE(orphan);
  EXPECT_EQ(orphan.error().code(), Errc::storage_failed);
  EXPECT_NE(orphan.error().message().find(parent.path() + "/none/data"), std::string::npos);
  ASSERT_TRUE(DataDirectory::open(parent.path() + "/data"));
  EXPECT_FALSE(DataDirectory::open(parent.path() + "/data/lock")) << "a file";
}

TEST(DataDirectory, CheckChangesNothingAndSaysWhetherOpenHasAChance) {
  testing::TemporaryDirectory parent;
  const std::string path = parent.path() + "/data";
  EXPECT_TRUE(DataDirectory::check(path + "/", false));
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_FALSE(DataDirectory::check(path + "/none", false));
  ASSERT_TRUE(std::filesystem::create_directory(path));
  EXPECT_TRUE(DataDirectory::check(path, false)) << "empty";
  EXPECT_TRUE(std::filesystem::is_empty(path));
  ASSERT_TRUE(DataDirectory::open(path));
  EXPECT_TRUE(DataDirectory::check(path, false)) << "made by a process that died early";
  EXPECT_FALSE(DataDirectory::check(path + "/lock", false)) << "a file";
}

TEST(DataDirectory, CheckKnowsWhatIsOfOthers) {
  testing::TemporaryDirectory directory;
  ASSERT_TRUE(std::filesystem::create_directory(directory.path() + "/videos"));
  EXPECT_TRUE(DataDirectory::check(directory.path(), false)) << "a place made for the videos";
  for (const char* name : {"journal.sqlite.migrated", "location", "secret"}) {
    std::ofstream(directory.path() + "/" + name) << "";
  }
  EXPECT_TRUE(DataDirectory::check(directory.path(), false)) << "of a node";
  std::ofstream(directory.path() + "/thesis.txt") << "years";
  const Result<> foreign = DataDirectory::check(directory.path(), false);
  ASSERT_FALSE(foreign);
  EXPECT_NE(foreign.error().message().find("\"thesis.txt\""), std::string::npos);
  EXPECT_TRUE(DataDirectory::check(directory.path(), true));
  std::ofstream(directory.path() + "/journal.sqlite") << "";
  EXPECT_TRUE(DataDirectory::check(directory.path(), false)) << "what lies beside a journal";
}

}  // namespace
}  // namespace sluice::store
