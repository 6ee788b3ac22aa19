// SPDX-License-Identifier: MIT
#include "store/answer_files.h"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>

#include "store/local/local_files.h"
#include "support/recording_disk.h"
#include "support/run.h"
#include "support/temporary_directory.h"

namespace sluice::store {
namespace {

using Calls = std::vector<std::string>;
using namespace std::chrono_literals;
using testing::RecordingDisk;

class AnswerFilesTest : public ::testing::Test {
 protected:
  void write(std::uint64_t id, std::string_view text) {
    const auto file = answers.create(id);
    ASSERT_TRUE(file) << file.error().message();
    EXPECT_TRUE((*file)->append(as_bytes(text)));
    EXPECT_TRUE((*file)->finish());
  }
  Result<std::shared_ptr<runtime::ByteSource>> open(std::uint64_t id, std::uint64_t size) {
    const model::Answer answer{.status = 200, .headers = {}, .body = {}, .spilled_bytes = size};
    return sluice::testing::run(answers.open(id, answer));
  }
  std::string read(std::uint64_t id, std::uint64_t size) {
    const auto source = open(id, size);
    if (!source) {
      return "error: " + source.error().message();
    }
    std::string text;
    std::array<std::byte, 4> buffer{};
    for (;;) {
      const auto count = sluice::testing::run((*source)->read(buffer, 1ms));
      if (!count || *count == 0) {
        return count ? text : text + "...error";
      }
      text += as_text(Bytes(buffer).first(*count));
    }
  }

  sluice::testing::TemporaryDataDirectory directory;
  const std::string folder = directory.path() + "/answers";
  RecordingDisk disk{folder};
  runtime::BlockingPool pool{0};
  local::LocalFiles files{disk, pool, directory.path(), Durability::commit};
  AnswerFiles answers{files};
};

TEST_F(AnswerFilesTest, KeepsABodyDurably) {
  write(7, "hello world");
  EXPECT_EQ(disk.take_calls(), (Calls{"remove 7", "create 7", "sync 7", "syncdir " + folder}));
  EXPECT_EQ(read(7, 11), "hello world");
  EXPECT_EQ(read(7, 11), "hello world") << "every reader has a place of its own";
}

TEST_F(AnswerFilesTest, BeginsAnewAfterAnInterruptedAttempt) {
  write(7, "something longer");
  write(7, "short");
  EXPECT_EQ(read(7, 5), "short");
}

TEST_F(AnswerFilesTest, NeverGivesAnotherBodyThanTheJournalsOne) {
  write(7, "hello");
  EXPECT_NE(read(7, 6).find("6 were expected"), std::string::npos);
  EXPECT_EQ(open(8, 5).error().code(), Errc::storage_failed);
}

TEST_F(AnswerFilesTest, AFailedSyncIsReported) {
  const auto file = answers.create(7);
  ASSERT_TRUE(file);
  disk.fail_on("syncdir " + folder);
  EXPECT_EQ((*file)->finish().error().code(), Errc::storage_failed);
  disk.fail_on("sync 7", Errc::disk_full);
  EXPECT_EQ((*file)->finish().error().code(), Errc::disk_full);
}

TEST_F(AnswerFilesTest, RemovesDurablyAndTwice) {
  write(7, "hello");
  disk.take_calls();
  EXPECT_TRUE(sluice::testing::run(answers.remove(7)));
  EXPECT_TRUE(sluice::testing::run(answers.remove(7)));
  EXPECT_EQ(disk.take_calls(), (Calls{"remove 7", "syncdir " + folder}));
  EXPECT_FALSE(std::filesystem::exists(folder + "/7"));
}

TEST_F(AnswerFilesTest, AReaderThatIsCancelledReadsNoMore) {
  write(7, "hello");
  const auto source = open(7, 5);
  ASSERT_TRUE(source);
  EXPECT_EQ((*source)->remaining(), 5U);
  (*source)->cancel(Errc::draining);
  std::array<std::byte, 4> buffer{};
  EXPECT_EQ(sluice::testing::run((*source)->read(buffer, 1ms)).error().code(), Errc::draining);
}

}  // namespace
}  // namespace sluice::store
