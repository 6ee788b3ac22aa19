// SPDX-License-Identifier: MIT
#include "cli/upload_state_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "support/temporary_directory.h"

namespace sluice::cli {
namespace {

const std::string server = "http://one/videos/upload.json";

SavedUpload sample() {
  return {.location = "http://one/upload?id=\"secret\"",
          .file = {.size = std::uint64_t{1} << 52U,
                   .modified_ns = 1'700'000'000'123'456'789,
                   .inode = 0xFFFF'FFFF'FFFF'FFFF},
          .sent = {.size = 7, .digest = "0a0b"},
          .created = Timestamp(Duration(1'700'000'000'000))};
}

class UploadStateFileTest : public ::testing::Test {
 protected:
  std::expected<UploadStateFile, UploadStateFile::OpenFailure> open(
      const std::string& path = "/videos/a.mp4", const std::string& url = server) const {
    return UploadStateFile::open(directory(), url, path);
  }
  std::string directory() const { return temporary_.path() + "/cache/sluice/uploads"; }

  sluice::testing::TemporaryDirectory temporary_;
};

TEST_F(UploadStateFileTest, gives_back_what_was_saved) {
  {
    const auto file = open();
    ASSERT_TRUE(file);
    EXPECT_EQ(file->load(), std::nullopt);
    ASSERT_TRUE(file->save({.location = "http://before", .file = {}, .sent = {}, .created = {}}));
    ASSERT_TRUE(file->save(sample()));
  }
  const auto again = open();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->load(), sample());
}

TEST_F(UploadStateFileTest, gives_back_the_parts_of_a_session_of_many) {
  SavedUpload upload = sample();
  upload.parts = {
      .file_size = upload.file.size, .part_size = upload.file.size / 9, .connections = 3};
  const auto file = open();
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->save(upload));
  EXPECT_EQ(file->load(), upload);
  upload.parts->part_size = 1;  // More parts than can be kept account of.
  ASSERT_TRUE(file->save(upload));
  EXPECT_EQ(file->load(), std::nullopt);
}

TEST_F(UploadStateFileTest, keeps_the_secret_from_other_users) {
  const auto file = open();
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->save(sample()));
  struct stat status{};
  ASSERT_EQ(::stat(file->path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  ASSERT_EQ(::stat(directory().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
}

TEST_F(UploadStateFileTest, leaves_nothing_behind_when_removed) {
  {
    const auto file = open();
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->save(sample()));
    file->remove();
    EXPECT_EQ(file->load(), std::nullopt);
  }
  EXPECT_TRUE(std::filesystem::is_empty(directory()));
}

TEST_F(UploadStateFileTest, belongs_to_one_command_at_a_time) {
  {
    const auto first = open();
    ASSERT_TRUE(first);
    const auto second = open();
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, UploadStateFile::OpenError::in_use);
  }
  EXPECT_TRUE(open());
}

TEST_F(UploadStateFileTest, differs_by_file_and_by_server) {
  const auto first = open();
  const auto other_file = open("/videos/b.mp4");
  const auto other_server = open("/videos/a.mp4", "http://two/videos/upload.json");
  ASSERT_TRUE(first && other_file && other_server);
  EXPECT_NE(first->path(), other_file->path());
  EXPECT_NE(first->path(), other_server->path());
  ASSERT_TRUE(first->save(sample()));
  EXPECT_EQ(other_file->load(), std::nullopt);
}

TEST_F(UploadStateFileTest, ignores_what_makes_no_sense) {
  const auto file = open();
  ASSERT_TRUE(file);
  for (const char* text :
       {"", "{", "[]", "null", R"({"location":""})", R"({"location":"http://one"})",
        R"({"location":1,"size":1,"mtime_ns":1,"inode":1,"created":1})",
        R"({"location":"","size":1,"mtime_ns":1,"inode":1,"created":1})",
        R"({"location":"http://one","size":-1,"mtime_ns":1,"inode":1,"created":1})",
        R"({"location":"http://one","size":"1","mtime_ns":1,"inode":1,"created":1})"}) {
    SCOPED_TRACE(text);
    std::ofstream(file->path()) << text;
    EXPECT_EQ(file->load(), std::nullopt);
  }
}

TEST_F(UploadStateFileTest, says_when_there_is_no_place_for_it) {
  std::ofstream(temporary_.path() + "/file") << "x";
  const auto file = UploadStateFile::open(temporary_.path() + "/file/uploads", server, "/a");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, UploadStateFile::OpenError::unusable);
  EXPECT_FALSE(UploadStateFile::open("", server, "/a"));
}

TEST(UploadStateDirectory, is_in_the_users_cache) {
  ::setenv("HOME", "/home/somebody", 1);
  ::unsetenv("XDG_CACHE_HOME");
  EXPECT_EQ(upload_state_directory(), "/home/somebody/.cache/sluice/uploads");
  ::setenv("XDG_CACHE_HOME", "relative", 1);
  EXPECT_EQ(upload_state_directory(), "/home/somebody/.cache/sluice/uploads");
  ::setenv("XDG_CACHE_HOME", "/cache", 1);
  EXPECT_EQ(upload_state_directory(), "/cache/sluice/uploads");
}

}  // namespace
}  // namespace sluice::cli
