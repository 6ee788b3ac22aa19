// SPDX-License-Identifier: MIT
// Files of the video library that clients ask for again.
#include <gtest/gtest.h>

#include <span>
#include <string>
#include <vector>

#include "library/library.h"
#include "library/stored_names.h"
#include "support/library_world.h"
#include "support/manual_clock.h"
#include "support/run.h"
#include "video/video_json.h"
#include "video/video_library.h"

namespace sluice::video {
namespace {

class VideoDownloadsTest : public ::testing::Test {
 protected:
  VideoDownloadsTest() {
    store_.memory.blobs[7].durable = "bytes of a film";
    handoff_.upload_id = 7;
    handoff_.idempotency_key = "upload-7";
    handoff_.file_name = "film.MP4";
    handoff_.file_size = 15;
    handoff_.parameters = "{}";
  }

  void deliver() {
    Result<delivery::Delivery> delivery = testing::run(library_.deliver(handoff_));
    ASSERT_TRUE(delivery);
    ASSERT_TRUE(testing::run(journal_.commit(std::move(delivery->changes))));
  }
  // The error's name in place of the bytes.
  std::string read(ByteRange range) {
    const auto source = testing::run(library_.read_delivered(handoff_, range));
    if (!source) {
      return info(source.error().code()).name;
    }
    std::string bytes(static_cast<std::size_t>(range.size()), '?');
    const auto room = std::as_writable_bytes(std::span(bytes));
    EXPECT_EQ(*testing::run((*source)->read(room, Duration(0))), range.size());
    return bytes;
  }
  std::string id() const { return library::record_id(handoff_.idempotency_key); }

  testing::Steps steps_;
  testing::SteppedJournal journal_{steps_};
  testing::SteppedStore store_{steps_};
  testing::SteppedProber prober_{steps_};
  delivery::SlowWork slow_work_{0};
  testing::ManualClock clock_;
  NullLog log_;
  delivery::Handoff handoff_;
  library::Library kept_{journal_, store_, store_, log_};
  VideoLibrary library_{kept_, slow_work_, prober_, clock_, log_};
};

TEST_F(VideoDownloadsTest, AreThereAsLongAsTheFileIs) {
  EXPECT_EQ(read({0, 15}), "RecordNotFound");
  deliver();
  EXPECT_EQ(read({0, 15}), "bytes of a film");
  EXPECT_EQ(read({9, 11}), "a ");
  ASSERT_TRUE(testing::run(library_.remove_source(id(), std::nullopt)));
  EXPECT_EQ(read({0, 15}), "RecordNotFound");
}

TEST_F(VideoDownloadsTest, GoWithTheVideo) {
  deliver();
  ASSERT_TRUE(testing::run(library_.remove(id(), std::nullopt)));
  EXPECT_EQ(read({0, 15}), "RecordNotFound");
}

// The record says that the file is there: that it is not is the server's fault.
TEST_F(VideoDownloadsTest, TellOfALostFile) {
  deliver();
  store_.memory.files.clear();
  EXPECT_EQ(read({0, 15}), "StorageFailed");
}

}  // namespace
}  // namespace sluice::video
