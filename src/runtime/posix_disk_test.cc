// SPDX-License-Identifier: MIT
#include "runtime/posix_disk.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/told.h"
#include "support/temporary_directory.h"

namespace sluice::runtime {
namespace {

TEST(PosixDisk, KeepsBytesAcrossCloseAndRename) {
  testing::TemporaryDirectory directory;
  PosixDisk disk;
  const std::string from = directory.path() + "/a";
  const std::string to = directory.path() + "/b";
  {
    auto file = disk.open(from, OpenMode::create);
    ASSERT_TRUE(file);
    EXPECT_TRUE((*file)->preallocate(1 << 20));
    EXPECT_EQ((*file)->size(), 0U);
    EXPECT_TRUE((*file)->write_at(3, as_bytes("bytes")));
    (*file)->start_writeback({0, 8});
    EXPECT_TRUE((*file)->sync());
  }
  EXPECT_TRUE(disk.rename(from, to));
  EXPECT_TRUE(disk.sync_directory(directory.path()));
  EXPECT_EQ(disk.exists(from), false);
  auto file = disk.open(to, OpenMode::read_only);
  ASSERT_TRUE(file);
  std::array<std::byte, 16> buffer{};
  EXPECT_EQ((*file)->read_at(3, buffer), 5U);
  EXPECT_EQ(as_text(Bytes(buffer).first(5)), "bytes");
}

TEST(PosixDisk, ShorteningGivesBackWhatWasSetAside) {
  testing::TemporaryDirectory directory;
  PosixDisk disk;
  const std::string path = directory.path() + "/a";
  auto file = disk.open(path, OpenMode::create);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->preallocate(1 << 20));
  ASSERT_TRUE((*file)->write_at(0, as_bytes("bytes")));
  EXPECT_TRUE((*file)->shorten(9));
  EXPECT_EQ((*file)->size(), 5U);
  EXPECT_TRUE((*file)->shorten(5));
  EXPECT_EQ((*file)->size(), 5U);
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_LT(status.st_blocks * 512, 1 << 19);
}

TEST(PosixDisk, AFileWithoutANameGivesTheRoomOfBytesBack) {
  testing::TemporaryDirectory directory;
  PosixDisk disk;
  auto file = disk.open(directory.path(), OpenMode::unnamed);
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
  const std::string bytes(1 << 20, 'x');
  ASSERT_TRUE((*file)->write_at(0, as_bytes(bytes)));
  ASSERT_TRUE((*file)->sync());
  EXPECT_TRUE((*file)->release({0, 1 << 19}));
  EXPECT_TRUE((*file)->release({5, 5}));
  EXPECT_EQ((*file)->size(), bytes.size());
  struct stat status{};
  ASSERT_EQ(::fstat((*file)->descriptor(), &status), 0);
  EXPECT_LT(status.st_blocks * 512, (1 << 19) + (1 << 17));
  std::array<std::byte, 2> buffer{};
  EXPECT_EQ((*file)->read_at((1 << 19) - 1, buffer), 2U);
  EXPECT_EQ(buffer, (std::array{std::byte{0}, std::byte{'x'}}));
  EXPECT_EQ(disk.open(directory.path() + "/none", OpenMode::unnamed).error().code(),
            Errc::file_missing);
}

TEST(PosixDisk, SaysWhatIsMissingAndRemovesTwice) {
  testing::TemporaryDirectory directory;
  PosixDisk disk;
  const std::string path = directory.path() + "/none";
  const Error missing = disk.open(path, OpenMode::read_write).error();
  EXPECT_EQ(missing.code(), Errc::file_missing);
  EXPECT_NE(missing.message().find(path), std::string::npos);
  EXPECT_EQ(told(missing).find(path), std::string::npos) << "paths are for the operator";
  EXPECT_EQ(disk.rename(path, path + "2").error().code(), Errc::file_missing);
  EXPECT_TRUE(disk.remove(path));
  EXPECT_TRUE(disk.make_directory(path));
  EXPECT_TRUE(disk.make_directory(path));
  EXPECT_GT(disk.space(directory.path())->total_bytes, 0U);
}

TEST(PosixDisk, RefusesOffsetsTheKernelCannotHold) {
  testing::TemporaryDirectory directory;
  PosixDisk disk;
  auto file = disk.open(directory.path() + "/a", OpenMode::create);
  ASSERT_TRUE(file);
  const auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ((*file)->write_at(most, as_bytes("xx")).error().code(), Errc::disk_full);
}

Pipe pipe_with(std::string_view text) {
  auto pipe = Pipe::open();
  SLUICE_CHECK(pipe && ::write(pipe->write_end(), text.data(), text.size()) ==
                           static_cast<ssize_t>(text.size()));
  return *std::move(pipe);
}

TEST(PosixDisk, WritesFromAPipe) {
  testing::TemporaryDirectory directory;
  PosixDisk disk;
  auto file = disk.open(directory.path() + "/a", OpenMode::create);
  ASSERT_TRUE(file);
  Pipe pipe = pipe_with("some bytes");
  EXPECT_TRUE((*file)->write_from(pipe, 2, 4));
  EXPECT_TRUE((*file)->write_from(pipe, 6, 6));
  EXPECT_EQ((*file)->size(), 12U);
  std::array<std::byte, 16> buffer{};
  EXPECT_EQ((*file)->read_at(2, buffer), 10U);
  EXPECT_EQ(as_text(Bytes(buffer).first(10)), "some bytes");
  EXPECT_EQ((*file)->write_from(pipe, 12, 1).error().code(), Errc::storage_failed)
      << "nobody waits for what is not there";
  const auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ((*file)->write_from(pipe, most, 2).error().code(), Errc::disk_full);
}

// /dev/full takes nothing from a pipe, and as a file it is full.
TEST(PosixDisk, CopiesFromAPipeWhereTheFileTakesNothingFromOne) {
  PosixDisk disk;
  auto file = disk.open("/dev/full", OpenMode::read_write);
  ASSERT_TRUE(file);
  Pipe pipe = pipe_with("bytes");
  EXPECT_EQ((*file)->write_from(pipe, 0, 5).error().code(), Errc::disk_full);
}

// The default of a file that has no splice of its own.
TEST(DiskFile, CopiesFromAPipe) {
  testing::TemporaryDirectory directory;
  PosixDisk disk;
  auto file = disk.open(directory.path() + "/a", OpenMode::create);
  ASSERT_TRUE(file);
  Pipe pipe = pipe_with("some bytes");
  EXPECT_TRUE((*file)->DiskFile::write_from(pipe, 0, 4));
  EXPECT_TRUE((*file)->DiskFile::write_from(pipe, 4, 6));
  EXPECT_EQ((*file)->DiskFile::write_from(pipe, 10, 1).error().code(), Errc::storage_failed);
  std::array<std::byte, 16> buffer{};
  EXPECT_EQ((*file)->read_at(0, buffer), 10U);
  EXPECT_EQ(as_text(Bytes(buffer).first(10)), "some bytes");
}

}  // namespace
}  // namespace sluice::runtime
