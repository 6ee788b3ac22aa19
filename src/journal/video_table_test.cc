// SPDX-License-Identifier: MIT
#include "journal/video_table.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/limits.h"
#include "journal/sqlite_schema.h"
#include "support/temporary_directory.h"
#include "support/test_records.h"

namespace sluice::journal {
namespace {

using testing::at;
using testing::sample_video;

constexpr std::size_t video_count = 2 * limits::read_step_entries + 1000;

// Every third video failed, every second one is bob's, and five have the same time.
class VideoLists : public ::testing::Test {
 protected:
  VideoLists() {
    EXPECT_TRUE(connection);
    EXPECT_TRUE(videos.prepare());
    EXPECT_TRUE(connection->execute("BEGIN"));
    for (std::size_t i = 0; i < video_count; ++i) {
      model::VideoRecord video = sample_video("v" + std::to_string(i));
      video.created_at = at(1000 + static_cast<std::int64_t>(i / 5));
      video.status = i % 3 == 0 ? "fail" : "success";
      video.owner = i % 2 == 0 ? "ann" : "bob";
      EXPECT_TRUE(videos.put(video));
      all.push_back(std::move(video));
    }
    EXPECT_TRUE(connection->execute("COMMIT"));
    std::ranges::reverse(all);
  }

  struct Listed {
    std::vector<model::VideoRecord> records;
    std::uint64_t total = 0;
    std::size_t steps = 0;
  };
  Listed list(const VideoQuery& query) {
    VideoListing listing(videos, query);
    for (std::size_t steps = 1;; ++steps) {
      if (std::optional<Result<VideoPage>> page = listing.step()) {
        EXPECT_TRUE(*page);
        return {(*page)->records, (*page)->total, steps};
      }
    }
  }
  std::vector<model::VideoRecord> expected(const VideoQuery& query, std::uint64_t& total) {
    std::vector<model::VideoRecord> page;
    total = 0;
    for (const model::VideoRecord& video : all) {
      if ((query.owner && video.owner != *query.owner) ||
          (query.status && video.status != *query.status)) {
        continue;
      }
      if (total >= query.offset && page.size() < query.count) {
        page.push_back(video);
      }
      ++total;
    }
    return page;
  }
  // The virtual machine steps of all statements since the last call.
  int machine_steps() {
    int steps = 0;
    for (sqlite3_stmt* statement = sqlite3_next_stmt(connection->handle(), nullptr);
         statement != nullptr; statement = sqlite3_next_stmt(connection->handle(), statement)) {
      steps += sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 1);
    }
    return steps;
  }

  sluice::testing::TemporaryDirectory directory;
  Result<Connection> connection = open_database(directory.path() + "/journal", Durability::none);
  Metrics metrics;
  NullLog log;
  DamagedRows damaged{metrics, log};
  VideoTable videos{*connection, damaged};
  std::vector<model::VideoRecord> all;
};

TEST_F(VideoLists, HaveTheSamePagesHoweverDeepTheyAre) {
  using Text = std::optional<std::string>;
  for (const Text& owner : {Text(), Text("ann"), Text("nobody")}) {
    for (const Text& status : {Text(), Text("fail"), Text("deleted")}) {
      for (const std::size_t offset :
           {std::size_t{0}, std::size_t{1}, limits::read_step_entries - 1,
            limits::read_step_entries, limits::read_step_entries + 1, video_count - 7,
            video_count - 1, video_count, std::size_t{1} << 40U}) {
        const VideoQuery query{.status = status, .offset = offset, .count = 7, .owner = owner};
        std::uint64_t total = 0;
        const std::vector<model::VideoRecord> records = expected(query, total);
        const Listed listed = list(query);
        EXPECT_EQ(listed.records, records) << owner.value_or("") << status.value_or("") << offset;
        EXPECT_EQ(listed.total, total);
      }
    }
  }
}

TEST_F(VideoLists, TakeStepsThatAreBounded) {
  EXPECT_EQ(list({.status = {}, .offset = 0, .count = 100}).steps, 1U);
  EXPECT_EQ(list({.status = {}, .offset = video_count, .count = 100}).steps, 1U);
  VideoListing listing(videos, {.status = {}, .offset = video_count - 1, .count = 1});
  machine_steps();
  std::size_t steps = 1;
  int most = 0;
  while (!listing.step()) {
    most = std::max(most, machine_steps());
    ++steps;
  }
  EXPECT_EQ(steps, 4U) << "three that skip, one that reads";
  EXPECT_LT(most, 20 * static_cast<int>(limits::read_step_entries));
  machine_steps();
  list({.status = {}, .offset = 0, .count = 1, .owner = "ann"});
  EXPECT_LT(machine_steps(), 200) << "no video is counted";
}

TEST_F(VideoLists, ReadNoMoreLargeRowsAtOnceThanAreBounded) {
  for (std::size_t i = 0; i < 10; ++i) {
    model::VideoRecord large = all.at(i);
    large.document = R"({"a":")" + std::string(limits::read_step_bytes / 2, 'x') + R"("})";
    ASSERT_TRUE(videos.put(large));
  }
  const Listed listed = list({.status = {}, .offset = 0, .count = 100});
  EXPECT_EQ(listed.records.size(), 100U);
  EXPECT_EQ(listed.steps, 6U);
}

TEST_F(VideoLists, AreCountedWithoutLookingAtThem) {
  model::VideoRecord moved = all.at(0);
  const auto total = [this](const std::string& owner) {
    return list({.status = {}, .offset = 0, .count = 1, .owner = owner}).total;
  };
  const std::uint64_t of_ann = total("ann");
  EXPECT_EQ(of_ann, video_count / 2);
  moved.owner = moved.owner == "ann" ? "bob" : "ann";
  ASSERT_TRUE(videos.put(moved));
  EXPECT_EQ(total("ann") + total("bob"), video_count);
  EXPECT_NE(total("ann"), of_ann);
  moved.status = "deleted";
  ASSERT_TRUE(videos.put(moved));
  EXPECT_EQ(total("ann") + total("bob"), video_count - 1);
  ASSERT_TRUE(videos.remove(moved.id));
  ASSERT_TRUE(videos.remove(all.at(1).id));
  EXPECT_EQ(total("ann") + total("bob"), video_count - 2);
}

TEST(VideoCounts, AreMadeOfWhatIsThere) {
  const sluice::testing::TemporaryDirectory directory;
  auto connection = Connection::open(directory.path() + "/journal");
  ASSERT_TRUE(connection);
  ASSERT_TRUE(migrate(*connection, migration_steps().first(10)));
  ASSERT_TRUE(connection->execute(
      "INSERT INTO videos (id, upload_id, created_at, status, source_present, document, metadata,"
      " owner) VALUES ('a', 1, 1, 'success', 1, '', '', 'ann'), ('b', 1, 1, 'fail', 1, '', '',"
      " 'ann'), ('c', 1, 1, 'fail', 1, '', '', '')"));
  ASSERT_TRUE(migrate(*connection, migration_steps()));
  Metrics metrics;
  NullLog log;
  DamagedRows damaged(metrics, log);
  VideoTable videos(*connection, damaged);
  ASSERT_TRUE(videos.prepare());
  EXPECT_EQ(videos.total({.status = {}, .owner = "ann"}), 2U);
  EXPECT_EQ(videos.total({.status = "fail", .owner = "ann"}), 1U);
  EXPECT_EQ(videos.total({.status = "fail", .owner = ""}), 1U);
  EXPECT_EQ(videos.total({.status = "fail"}), 2U);
}

}  // namespace
}  // namespace sluice::journal
