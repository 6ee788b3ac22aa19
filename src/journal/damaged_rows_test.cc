// SPDX-License-Identifier: MIT
// The journal and rows that it cannot read.
#include "journal/damaged_rows.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "journal/sqlite_journal.h"
#include "support/run.h"
#include "support/temporary_directory.h"
#include "support/test_records.h"

namespace sluice::journal {
namespace {

using testing::at;
using testing::sample_upload;
using testing::sample_video;

class CountingLog final : public Log {
 public:
  void write(LogLevel level, std::string_view /*event*/, LogFields /*fields*/) noexcept override {
    errors += level == LogLevel::error ? 1 : 0;
  }
  int errors = 0;
};

class DamagedRowsTest : public ::testing::Test {
 protected:
  DamagedRowsTest() { open(); }

  void open(const std::string& boot_id = "boot") {
    journal.reset();
    auto opened = SqliteJournal::open(path, Durability::interval, metrics, log, boot_id);
    EXPECT_TRUE(opened) << opened.error().message();
    journal = std::move(*opened);
  }
  void commit(Change change) {
    std::vector<Change> changes;
    changes.push_back(std::move(change));
    EXPECT_TRUE(sluice::testing::run(journal->commit(std::move(changes))));
  }
  void create(std::uint64_t id, model::UploadState state) {
    model::UploadRecord record = sample_upload(id);
    record.progress.state = state;
    if (state == model::UploadState::receiving) {
      record.progress.stored.add({0, 100});
      record.progress.unsynced.add({50, 100});
    }
    commit(CreateUpload{record});
  }
  // Executes SQL as another program could while no server runs.
  void damage(const std::string& sql) {
    journal.reset();
    {
      auto connection = Connection::open(path);
      ASSERT_TRUE(connection);
      const Result<> done = connection->execute(sql);
      ASSERT_TRUE(done) << done.error().message();
    }
    open();
  }
  template <class Record>
  static std::vector<std::uint64_t> ids(const Result<std::vector<Record>>& records) {
    EXPECT_TRUE(records) << records.error().message();
    std::vector<std::uint64_t> found;
    for (const Record& record : *records) {
      found.push_back(record.id);
    }
    return found;
  }
  Errc code_of(std::uint64_t id) {
    const auto found = sluice::testing::run(journal->find_upload(sample_upload(id).token));
    return found ? Errc::internal : found.error().code();
  }

  using Ids = std::vector<std::uint64_t>;
  sluice::testing::TemporaryDirectory directory;
  const std::string path = directory.path() + "/journal";
  Metrics metrics;
  CountingLog log;
  std::unique_ptr<SqliteJournal> journal;
};

TEST_F(DamagedRowsTest, PagesOfUploadsGoOnBehindThem) {
  for (std::uint64_t id = 1; id <= 4; ++id) {
    create(id, model::UploadState::receiving);
    create(id + 10, model::UploadState::received);
    create(id + 20, model::UploadState::delivered);
  }
  damage("UPDATE uploads SET answer_status = 5 WHERE id % 10 IN (1, 2)");
  const Timestamp late = at(1'800'000'000'000);
  const auto due = sluice::testing::run(journal->due(late, {}, 2));
  EXPECT_EQ(ids(due), (Ids{3, 4})) << "a page is full, whatever lies before it";
  const ExpiryPosition end{due->back().progress.expires_at, due->back().id};
  EXPECT_EQ(ids(sluice::testing::run(journal->due(late, end, 9))), (Ids{23, 24}));
  EXPECT_EQ(ids(sluice::testing::run(journal->undelivered(0, 1))), (Ids{13}));
  EXPECT_EQ(ids(sluice::testing::run(journal->undelivered(13, 9))), (Ids{14}));
  EXPECT_EQ(ids(sluice::testing::run(journal->unsynced(0, 9))), (Ids{3, 4}));
  EXPECT_EQ(ids(sluice::testing::run(journal->leftover_blobs(0, 9))), (Ids{23, 24}));
  EXPECT_EQ(ids(sluice::testing::run(journal->uploads_after(0, 99))), (Ids{3, 4, 13, 14, 23, 24}));
  EXPECT_EQ(code_of(1), Errc::record_damaged);
  EXPECT_EQ(metrics.damaged_rows.value(), 6);
  EXPECT_EQ(log.errors, 6) << "each of them once";
}

TEST_F(DamagedRowsTest, NoColumnOfAnUploadIsBelieved) {
  create(1, model::UploadState::receiving);
  create(2, model::UploadState::receiving);
  for (const char* const damaged :
       {"state = 'lost'", "stored = '5-3'", "unsynced = '7'", "unsynced = '200-300'",
        "layout = '{'", "file_size = -1", "attempts = -1", "expires_at = 9223372036854775807",
        "handoff_since = -9223372036854775807", "answer_status = 1",
        "answer_status = 200, answer_headers = '[', answer_body = x''"}) {
    journal.reset();
    std::string sql = "DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT * FROM uploads";
    sql += "; UPDATE uploads SET " + std::string(damaged) + " WHERE id = 1";
    damage(sql);
    EXPECT_EQ(code_of(1), Errc::record_damaged) << damaged;
    EXPECT_EQ(code_of(2), Errc::internal) << damaged << " is not its neighbour's";
    EXPECT_EQ(sluice::testing::run(journal->promises())->bytes, 0U);
    damage("DELETE FROM uploads; INSERT INTO uploads SELECT * FROM kept; DROP TABLE kept");
  }
}

TEST_F(DamagedRowsTest, TheyHoldNoRoom) {
  commit(CreateUpload{sample_upload(1)});
  commit(CreateUpload{sample_upload(2)});
  damage("UPDATE uploads SET owner = 'ann'");
  damage("UPDATE uploads SET file_size = -9 WHERE id = 1");
  EXPECT_EQ(sluice::testing::run(journal->promises())->bytes, sample_upload(2).file_size_max);
  const std::vector<PromisedRoom> rooms{{2, "ann", sample_upload(2).file_size_max}};
  EXPECT_EQ(sluice::testing::run(journal->promises())->to_owners, rooms);
}

TEST_F(DamagedRowsTest, AfterAPowerCutTheOthersLoseTheirUnsyncedBytesAsEver) {
  create(1, model::UploadState::receiving);
  create(2, model::UploadState::receiving);
  damage("UPDATE uploads SET stored = 'all' WHERE id = 1");
  open("the next run");
  const auto found = sluice::testing::run(journal->find_upload_by_id(2));
  EXPECT_EQ((*found)->progress.stored.to_text(), "0-50");
  EXPECT_EQ(code_of(1), Errc::record_damaged);
}

TEST_F(DamagedRowsTest, VideosAreListedWithoutThem) {
  for (const char* const id : {"a", "b", "c", "d"}) {
    model::VideoRecord video = sample_video(id);
    video.created_at = at(id[0]);
    commit(PutVideo{video});
  }
  damage(
      "UPDATE videos SET document = '{\"id\":' WHERE id = 'b';"
      "UPDATE videos SET status = 'good' WHERE id = 'c'");
  VideoQuery query;
  const auto page = sluice::testing::run(journal->list_videos(query));
  ASSERT_TRUE(page);
  ASSERT_EQ(page->records.size(), 2U);
  EXPECT_EQ(page->records.front().id, "d");
  EXPECT_EQ(page->records.back().id, "a");
  EXPECT_EQ(sluice::testing::run(journal->find_video("b")).error().code(), Errc::record_damaged);
  const auto after = sluice::testing::run(journal->videos_after("a", 1));
  ASSERT_TRUE(after && after->size() == 1);
  EXPECT_EQ(after->front().id, "d");
}

TEST_F(DamagedRowsTest, NotificationsAreToldBesideThem) {
  for (std::uint64_t upload = 1; upload <= 3; ++upload) {
    model::Notification notification;
    notification.upload_id = upload;
    notification.event = "finished";
    commit(AddNotification{notification});
  }
  damage("UPDATE notifications SET event = 'f' WHERE id = 1");
  EXPECT_EQ(ids(sluice::testing::run(journal->next_notifications(1))), (Ids{2}));
  EXPECT_EQ(ids(sluice::testing::run(journal->notifications_after(0, 9))), (Ids{2, 3}));
}

TEST_F(DamagedRowsTest, ARowThatIsTakenOutCanBePutBack) {
  model::UploadRecord record = sample_upload(7);
  record.file_name = std::string("it's\0\xff", 6);
  record.parameters = "{\"title\":\"it's\",\"b\":\"\xc3\xa9\"}";
  commit(CreateUpload{record});
  damage("UPDATE uploads SET state = 'lost'");
  EXPECT_EQ(code_of(7), Errc::record_damaged);
  const auto rows = sluice::testing::run(journal->damaged_rows());
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 1U);
  EXPECT_EQ(rows->front().table, "uploads");
  EXPECT_EQ(rows->front().reason, "state");
  const auto sql = sluice::testing::run(journal->row_as_sql(rows->front()));
  ASSERT_TRUE(sql);
  commit(RemoveUpload{7});
  EXPECT_EQ(*sluice::testing::run(journal->row_as_sql(rows->front())), "");
  damage(*sql + "UPDATE uploads SET state = 'receiving'");
  EXPECT_EQ(**sluice::testing::run(journal->find_upload_by_id(7)), record);
}

}  // namespace
}  // namespace sluice::journal
