// SPDX-License-Identifier: MIT
#include "store/local/blob_split.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/limits.h"
#include "support/recording_disk.h"
#include "support/temporary_directory.h"

namespace sluice::store::local {
namespace {

using Calls = std::vector<std::string>;
using testing::RecordingDisk;

class BlobSplitTest : public ::testing::Test {
 protected:
  BlobSplitTest() { write("blob", "mainsubtitles!cover"); }

  std::string path(const std::string& name) const { return directory.path() + "/" + name; }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
  }
  std::string contents(const std::string& name) const {
    std::ifstream file(path(name), std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return file ? text.str() : "(none)";
  }
  std::vector<SplitOff> extras() const {
    return {{{4, 14}, path("v-1.srt")}, {{14, 14}, path("v-2")}, {{14, 19}, path("v-3.jpg")}};
  }
  Result<> split(Durability durability = Durability::commit) {
    return BlobSplit(disk, path("blob"), durability).run(4, extras());
  }
  void expect_split() const {
    EXPECT_EQ(contents("blob"), "main");
    EXPECT_EQ(contents("v-1.srt"), "subtitles!");
    EXPECT_EQ(contents("v-2"), "");
    EXPECT_EQ(contents("v-3.jpg"), "cover");
    const auto names = std::filesystem::directory_iterator(directory.path());
    EXPECT_EQ(std::distance(begin(names), end(names)), 4);
  }

  sluice::testing::TemporaryDirectory directory;
  RecordingDisk disk{directory.path()};
};

TEST_F(BlobSplitTest, MakesFilesOfTheExtraFilesAndKeepsTheMainOne) {
  EXPECT_TRUE(split());
  expect_split();
}

TEST_F(BlobSplitTest, GivesUpNoByteBeforeItsCopyIsDurable) {
  EXPECT_TRUE(BlobSplit(disk, path("blob"), Durability::commit).run(14, {extras()[2]}));
  EXPECT_EQ(disk.take_calls(),
            (Calls{"open v-3.jpg", "create v-3.jpg.partial", "open blob", "sync v-3.jpg.partial",
                   "rename v-3.jpg.partial v-3.jpg", "syncdir " + directory.path(), "open blob",
                   "shorten blob 14", "sync blob", "open blob", "shorten blob 14", "sync blob"}));
}

TEST_F(BlobSplitTest, SyncsNothingWhereNothingIsDurable) {
  EXPECT_TRUE(split(Durability::none));
  expect_split();
  for (const std::string& call : disk.take_calls()) {
    EXPECT_FALSE(call.starts_with("sync")) << call;
  }
}

TEST_F(BlobSplitTest, GoesOnAfterAFailureOfAnyStep) {
  EXPECT_TRUE(split());
  const Calls calls = disk.take_calls();
  for (const std::string& call : calls) {
    for (const std::string& name : {"v-1.srt", "v-2", "v-3.jpg"}) {
      std::filesystem::remove(path(name));
    }
    write("blob", "mainsubtitles!cover");
    disk.fail_on(call);
    EXPECT_FALSE(split()) << call;
    disk.fail_on("");
    const Result<> repeated = split();
    EXPECT_TRUE(repeated) << call << ": " << repeated.error().message();
    expect_split();
  }
}

TEST_F(BlobSplitTest, IsDoneWhenTheBlobHasBeenMoved) {
  EXPECT_TRUE(split());
  std::filesystem::rename(path("blob"), path("v"));
  EXPECT_TRUE(split());
  EXPECT_EQ(contents("v"), "main");
}

TEST_F(BlobSplitTest, NeedsNoBlobForFilesWithoutBytes) {
  std::filesystem::remove(path("blob"));
  EXPECT_TRUE(BlobSplit(disk, path("blob"), Durability::commit).run(0, {{{0, 0}, path("v-1")}}));
  EXPECT_EQ(contents("v-1"), "");
}

TEST_F(BlobSplitTest, DoesNotHandOverWhatIsNotWhole) {
  write("blob", "mainsubtitles!cov");
  EXPECT_EQ(split().error().code(), Errc::storage_failed);
  EXPECT_EQ(contents("v-3.jpg"), "(none)");
  write("blob", "mainsubtitles!cover");
  write("v-1.srt", "another");
  EXPECT_EQ(split().error().code(), Errc::storage_failed);
  EXPECT_EQ(contents("v-1.srt"), "another");
}

TEST_F(BlobSplitTest, CopiesMoreThanABuffer) {
  const std::string extra = std::string(limits::buffer_bytes, 'a') + "b";
  write("blob", "main" + extra);
  const std::vector<SplitOff> extras{{{4, 4 + extra.size()}, path("v-1")}};
  EXPECT_TRUE(BlobSplit(disk, path("blob"), Durability::commit).run(4, extras));
  EXPECT_EQ(contents("v-1"), extra);
  EXPECT_EQ(contents("blob"), "main");
}

}  // namespace
}  // namespace sluice::store::local
