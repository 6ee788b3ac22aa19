// SPDX-License-Identifier: MIT
#include "store/objects/scratch.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <filesystem>
#include <vector>

#include "base/limits.h"
#include "support/recording_disk.h"
#include "support/run.h"
#include "support/temporary_directory.h"

namespace sluice::store::objects {
namespace {

using sluice::testing::run;

class ScratchTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t most = 4 * limits::buffer_bytes;

  // As much as is wanted, in however many parts.
  ScratchRoom take(std::uint64_t bytes) {
    Result<ScratchRoom> room = run(scratch.acquire(bytes, Duration(1)));
    EXPECT_TRUE(room);
    return room ? *std::move(room) : ScratchRoom();
  }

  sluice::testing::TemporaryDirectory directory;
  sluice::testing::RecordingDisk disk{directory.path()};
  Gauge in_use;
  Scratch scratch{disk, directory.path(), most, &in_use};
};

TEST_F(ScratchTest, HasFilesWithoutNames) {
  const auto file = scratch.open();
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->write(7, as_bytes("bytes")));
  std::vector<std::byte> buffer(5);
  EXPECT_EQ((*file)->read_at(7, buffer), 5U);
  EXPECT_EQ(as_text(buffer), "bytes");
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST_F(ScratchTest, RoomGoesBackWhenItIsNotUsed) {
  {
    const ScratchRoom room = take(100);
    EXPECT_EQ(room.bytes(), 100U);
    EXPECT_EQ(scratch.used(), 100U);
    EXPECT_EQ(in_use.value(), 100);
  }
  EXPECT_EQ(scratch.used(), 0U);
  EXPECT_EQ(in_use.value(), 0);
}

TEST_F(ScratchTest, AFileHasItsRoomUntilItsBytesAreReleased) {
  auto file = scratch.open();
  ASSERT_TRUE(file);
  {
    ScratchRoom room = take(100);
    (*file)->hold({50, 90}, room);
    (*file)->hold({50, 90}, room);
    EXPECT_EQ(room.bytes(), 60U) << "bytes count once";
  }
  EXPECT_EQ(scratch.used(), 40U);
  EXPECT_EQ((*file)->held_front({60, 100}), 30U);
  EXPECT_EQ((*file)->held_front({40, 60}), 0U);
  (*file)->release({50, 60});
  (*file)->release({50, 60});
  EXPECT_EQ(scratch.used(), 30U);
  file->reset();
  EXPECT_EQ(scratch.used(), 0U);
}

TEST_F(ScratchTest, NoneTakesMoreThanItsShareOfWhatIsLeft) {
  std::vector<ScratchRoom> rooms(4);
  for (ScratchRoom& room : rooms) {
    EXPECT_FALSE(scratch.is_scarce() && &room != &rooms.back());
    room = take(most);
    EXPECT_EQ(room.bytes(), limits::buffer_bytes);
  }
  EXPECT_TRUE(scratch.is_scarce());
  EXPECT_EQ(scratch.used(), most);
  const auto refused = run(scratch.acquire(1, Duration(1)));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::overloaded);
}

runtime::Task<bool> wait_for_room(Scratch& scratch) {
  const auto room = co_await scratch.acquire(1, std::chrono::minutes(1));
  co_return room.has_value();
}

TEST_F(ScratchTest, WhoWaitsGetsWhatGoesBack) {
  std::vector<ScratchRoom> rooms(4);
  for (ScratchRoom& room : rooms) {
    room = take(most);
  }
  boost::asio::io_context context{1};
  boost::asio::post(context, [&rooms] { rooms.pop_back(); });
  EXPECT_TRUE(sluice::testing::run_in(context, wait_for_room(scratch)));
}

TEST_F(ScratchTest, AFullOrMissingDirectoryIsUnavailable) {
  const auto file = scratch.open();
  ASSERT_TRUE(file);
  disk.fail_on("write", Errc::disk_full);
  EXPECT_EQ((*file)->write(0, as_bytes("x")).error().code(), Errc::unavailable);
  Scratch nowhere(disk, directory.path() + "/none", most);
  EXPECT_EQ(nowhere.open().error().code(), Errc::unavailable);
}

}  // namespace
}  // namespace sluice::store::objects
