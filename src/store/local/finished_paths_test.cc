// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/limits.h"
#include "runtime/posix_disk.h"
#include "store/local/local_store.h"
#include "support/run.h"
#include "support/scripted_source.h"
#include "support/temporary_directory.h"

namespace sluice::store::local {
namespace {

class FinishedPathsTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t id = 7;

  void write_blob(const std::string& text) {
    const auto blob = store.open({id, text.size()});
    testing::ScriptedSource source(text);
    const ByteRange whole{0, text.size()};
    ASSERT_EQ(testing::run(blob->receive(whole, source, AtEnd::settles)).bytes, text.size());
    ASSERT_TRUE(testing::run(blob->settle({}, {})));
  }
  static std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  testing::TemporaryDataDirectory directory;
  testing::TemporaryDirectory target;
  runtime::PosixDisk disk;
  runtime::BlockingPool pool{0};
  Metrics metrics;
  runtime::BufferPool buffers{limits::buffer_budget_bytes_min, metrics.buffers_in_use};
  LocalStore store{disk, pool, buffers, directory.path(), Durability::commit, metrics};
};

TEST_F(FinishedPathsTest, AnOpenFileOutlivesItsBlob) {
  write_blob("hello");
  const auto file = testing::run(store.open_finished(id, 5));
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_TRUE(testing::run(store.remove(id)));
  std::string text(9, '\0');
  EXPECT_EQ((*file)->read_at(0, std::as_writable_bytes(std::span(text))), 5U);
  EXPECT_TRUE(text.starts_with("hello"));
}

TEST_F(FinishedPathsTest, AFinishedBlobIsReadFromAnyByteOn) {
  write_blob("hello");
  const auto source = testing::run(store.read_finished(id, 5, 2));
  ASSERT_TRUE(source) << source.error().message();
  EXPECT_EQ((*source)->remaining(), 3U);
  std::string text(9, '\0');
  const MutableBytes room = std::as_writable_bytes(std::span(text));
  EXPECT_EQ(testing::run((*source)->read(room, Duration::zero())).value(), 3U);
  EXPECT_TRUE(text.starts_with("llo"));
  EXPECT_EQ((*source)->remaining(), 0U);
  (*source)->cancel(Errc::draining);
  EXPECT_EQ(testing::run((*source)->wait_readable()).error().code(), Errc::draining);
  EXPECT_FALSE(testing::run(store.read_finished(id, 6, 0)));
}

TEST_F(FinishedPathsTest, AFileThatIsNotWholeIsNotHandedOver) {
  EXPECT_EQ(testing::run(store.open_finished(id, 5)).error().code(), Errc::storage_failed);
  write_blob("hello");
  EXPECT_EQ(testing::run(store.open_finished(id, 6)).error().code(), Errc::storage_failed);
  EXPECT_FALSE(testing::run(store.path_of_finished(id, 6)));
  EXPECT_FALSE(testing::run(store.link_finished(id, 6, target.path() + "/file")));
  EXPECT_TRUE(std::filesystem::is_empty(target.path()));
}

TEST_F(FinishedPathsTest, ALinkIsASecondNameAndCanBeRepeated) {
  write_blob("hello");
  const std::string path = target.path() + "/file";
  for (int attempt = 0; attempt < 2; ++attempt) {
    const Result<> linked = testing::run(store.link_finished(id, 5, path));
    ASSERT_TRUE(linked) << linked.error().message();
  }
  EXPECT_TRUE(testing::run(store.remove(id)));
  EXPECT_EQ(contents(path), "hello");
  EXPECT_TRUE(testing::run(store.unlink_finished(path)));
  EXPECT_TRUE(testing::run(store.unlink_finished(path)));
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(FinishedPathsTest, ALinkReplacesNoOtherFile) {
  write_blob("hello");
  const std::string path = target.path() + "/file";
  std::ofstream(path) << "other";
  EXPECT_FALSE(testing::run(store.link_finished(id, 5, path)));
  EXPECT_EQ(contents(path), "other");
}

TEST_F(FinishedPathsTest, AFileOfNoBytesNeedsNoBlob) {
  EXPECT_TRUE(testing::run(store.open_finished(id, 0)));
  const auto path = testing::run(store.path_of_finished(id, 0));
  ASSERT_TRUE(path);
  EXPECT_TRUE(path->starts_with('/'));
  EXPECT_EQ(std::filesystem::file_size(*path), 0U);
}

}  // namespace
}  // namespace sluice::store::local
