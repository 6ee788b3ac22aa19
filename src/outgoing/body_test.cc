// SPDX-License-Identifier: MIT
#include "outgoing/body.h"

#include <gtest/gtest.h>

#include "runtime/posix_disk.h"
#include "support/temporary_directory.h"

namespace sluice::outgoing {
namespace {

std::string read_all(const Body& body, std::size_t step) {
  std::string all;
  std::string piece(step, '\0');
  for (;;) {
    const auto count = body.read_at(all.size(), std::as_writable_bytes(std::span(piece)));
    EXPECT_TRUE(count);
    if (!count || *count == 0) {
      return all;
    }
    all.append(piece, 0, *count);
  }
}

std::shared_ptr<runtime::ReadableFile> file_with(const std::string& path, std::string_view text) {
  runtime::PosixDisk disk;
  auto file = disk.open(path, runtime::OpenMode::create);
  EXPECT_TRUE(file && (*file)->write_at(0, as_bytes(text)));
  return std::shared_ptr<runtime::ReadableFile>(std::move(*file));
}

TEST(JoinedBody, reads_its_parts_in_steps_of_any_size) {
  const testing::TemporaryDirectory directory;
  const auto file = file_with(directory.path() + "/file", "0123456789 and more");
  const JoinedBody body({std::make_shared<TextBody>("head:"), std::make_shared<TextBody>(""),
                         std::make_shared<FileBody>(file, 10), std::make_shared<TextBody>(":end")});
  EXPECT_EQ(body.size(), 19U);
  for (std::size_t step = 1; step <= 20; ++step) {
    EXPECT_EQ(read_all(body, step), "head:0123456789:end") << step;
  }
}

TEST(FileBody, may_begin_in_the_middle) {
  const testing::TemporaryDirectory directory;
  const auto file = file_with(directory.path() + "/file", "0123456789");
  EXPECT_EQ(read_all(FileBody(file, 3, 4), 2), "456");
  std::string buffer(8, '\0');
  EXPECT_FALSE(FileBody(file, 3, 8).read_at(0, std::as_writable_bytes(std::span(buffer))));
}

TEST(FileBody, is_an_error_when_the_file_ends_early) {
  const testing::TemporaryDirectory directory;
  const FileBody body(file_with(directory.path() + "/file", "0123"), 5);
  std::string buffer(8, '\0');
  const auto count = body.read_at(0, std::as_writable_bytes(std::span(buffer)));
  ASSERT_FALSE(count);
  EXPECT_EQ(count.error().code(), Errc::storage_failed);
}

}  // namespace
}  // namespace sluice::outgoing
