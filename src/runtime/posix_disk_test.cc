// SPDX-License-Identifier: MIT
#include "runtime/posix_disk.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <limits>

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

TEST(PosixDisk, SaysWhatIsMissingAndRemovesTwice) {
  testing::TemporaryDirectory directory;
  PosixDisk disk;
  const std::string path = directory.path() + "/none";
  EXPECT_EQ(disk.open(path, OpenMode::read_write).error().code(), Errc::not_found);
  EXPECT_EQ(disk.rename(path, path + "2").error().code(), Errc::not_found);
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
  EXPECT_EQ((*file)->write_at(most, as_bytes("xx")).error().code(), Errc::storage_failed);
}

}  // namespace
}  // namespace sluice::runtime
