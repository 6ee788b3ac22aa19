// SPDX-License-Identifier: MIT
#include "store/local/local_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "support/recording_disk.h"
#include "support/run.h"
#include "support/temporary_directory.h"

namespace sluice::store::local {
namespace {

using Calls = std::vector<std::string>;
using sluice::testing::RecordingDisk;
using sluice::testing::run;

class LocalFilesTest : public ::testing::Test {
 protected:
  void write(const std::string& name) {
    const auto file = files.create(name);
    ASSERT_TRUE(file) << file.error().message();
    EXPECT_TRUE((*file)->append(as_bytes("hello ")));
    EXPECT_TRUE((*file)->append(as_bytes("world")));
    EXPECT_TRUE((*file)->finish());
  }

  sluice::testing::TemporaryDataDirectory directory;
  RecordingDisk disk{directory.path()};
  runtime::BlockingPool pool{0};
  LocalFiles files{disk, pool, directory.path(), Durability::commit};
};

TEST_F(LocalFilesTest, KeepsAFileUnderItsName) {
  EXPECT_EQ(run(files.exists("videos/v")), false);
  write("videos/v");
  EXPECT_EQ(disk.take_calls(),
            (Calls{"remove videos/v", "create videos/v", "sync videos/v", "syncdir videos"}));
  EXPECT_EQ(run(files.exists("videos/v")), true);
  const auto file = run(files.open("videos/v", 11));
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_GE((*file)->descriptor(), 0);
  EXPECT_TRUE(run(files.remove({"videos/v"})));
  std::string text(20, '\0');
  EXPECT_EQ((*file)->read_at(6, std::as_writable_bytes(std::span(text))), 5U);
  EXPECT_TRUE(text.starts_with("world")) << "an open file outlives its name";
}

TEST_F(LocalFilesTest, OpensNoFileOfAnotherSize) {
  write("videos/v");
  for (const std::uint64_t size : {10U, 12U}) {
    EXPECT_EQ(run(files.open("videos/v", size)).error().code(), Errc::storage_failed);
  }
}

TEST_F(LocalFilesTest, RemovesDurablyAlsoWhatAnEarlierProcessHasRemoved) {
  write("videos/v");
  write("videos/w");
  disk.take_calls();
  for (int attempt = 0; attempt < 2; ++attempt) {
    EXPECT_TRUE(run(files.remove({"videos/v", "videos/w"})));
    EXPECT_EQ(disk.take_calls(), (Calls{"remove videos/v", "remove videos/w", "syncdir videos"}));
  }
  EXPECT_TRUE(std::filesystem::is_empty(directory.path() + "/videos"));
  for (const char* call : {"remove videos/v", "syncdir videos"}) {
    disk.fail_on(call);
    EXPECT_FALSE(run(files.remove({"videos/v", "videos/w"}))) << call;
  }
}

TEST_F(LocalFilesTest, WithoutDurabilitySyncsNothing) {
  LocalFiles careless(disk, pool, directory.path(), Durability::none);
  EXPECT_TRUE((*careless.create("videos/v"))->finish());
  EXPECT_TRUE(run(careless.remove({"videos/v"})));
  EXPECT_EQ(disk.take_calls(), (Calls{"remove videos/v", "create videos/v", "remove videos/v"}));
}

TEST_F(LocalFilesTest, CallsAMissingFileItsOwnFault) {
  EXPECT_EQ(run(files.open("videos/v", 0)).error().code(), Errc::storage_failed);
  EXPECT_EQ(files.create("none/v").error().code(), Errc::storage_failed);
}

}  // namespace
}  // namespace sluice::store::local
