// SPDX-License-Identifier: MIT
#include "journal/sqlite_journal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <filesystem>
#include <thread>

#include "base/limits.h"
#include "support/run.h"
#include "support/temporary_directory.h"
#include "support/test_records.h"

namespace sluice::journal {
namespace {

using testing::at;
using testing::observations;
using testing::sample_upload;
using testing::sample_video;

class SqliteJournalTest : public ::testing::Test {
 protected:
  SqliteJournalTest() { open(); }

  void open() {
    journal.reset();
    auto opened = SqliteJournal::open(path, Durability::commit, metrics, log);
    EXPECT_TRUE(opened) << opened.error().message();
    journal = std::move(*opened);
  }
  Result<> commit(std::vector<Change> changes) {
    return sluice::testing::run(journal->commit(std::move(changes)));
  }
  std::optional<model::UploadRecord> find(const std::string& token) {
    auto found = sluice::testing::run(journal->find_upload(token));
    EXPECT_TRUE(found) << found.error().message();
    return *found;
  }
  std::uint64_t count(model::UploadState state) {
    const auto counts = sluice::testing::run(journal->upload_counts());
    return counts->contains(state) ? counts->at(state) : 0;
  }
  // An upload in `state`.
  void create(std::uint64_t id, model::UploadState state, bool blob_present,
              std::int64_t expires_at) {
    model::UploadRecord record = sample_upload(id);
    record.progress.state = state;
    record.progress.blob_present = blob_present;
    record.progress.expires_at = at(expires_at);
    EXPECT_TRUE(commit({CreateUpload{record}}));
  }
  static std::vector<std::uint64_t> ids(const Result<std::vector<model::UploadRecord>>& records) {
    std::vector<std::uint64_t> found;
    for (const model::UploadRecord& record : *records) {
      found.push_back(record.id);
    }
    std::ranges::sort(found);
    return found;
  }

  sluice::testing::TemporaryDirectory directory;
  const std::string path = directory.path() + "/journal";
  Metrics metrics;
  NullLog log;
  std::unique_ptr<SqliteJournal> journal;
};

TEST_F(SqliteJournalTest, KeepsEveryFieldOfAnUpload) {
  std::string all_bytes;
  for (int byte = 0; byte < 256; ++byte) {
    all_bytes += static_cast<char>(byte);
  }
  model::UploadRecord record = sample_upload(limits::upload_id_max);
  record.file_name = all_bytes;
  record.content_type = all_bytes;
  record.parameters = std::string("{}\0{}", 5);
  record.origin = R"({"address":"::1"})";
  record.owner = "key";
  record.progress.file_size = record.file_size_max = 12;
  record.layout = model::Layout{9, 4, {}};
  EXPECT_TRUE(record.layout->add("tag", "name", 3));
  record.dialect = "multichunk";
  record.words = R"({"metadata":"a"})";
  record.is_partial = true;
  record.progress.state = model::UploadState::refused;
  record.progress.stored.add({0, 10});
  record.progress.stored.add({20, 9'007'199'254'740'992});
  record.progress.blob_present = false;
  record.progress.attempts = 4'000'000'000;
  record.progress.next_attempt_at = at(-1);
  record.progress.handoff_since = at(77);
  record.progress.failure = all_bytes;
  record.progress.is_cleared = true;
  record.progress.answer =
      model::Answer{422, {{"X-A", "1"}, {"x-a", all_bytes}}, "", 9'007'199'254'740'992, all_bytes};
  model::UploadRecord plain = sample_upload(1);
  plain.file_name.clear();
  plain.content_type.clear();
  plain.parameters.clear();
  plain.progress.answer = model::Answer{200, {}, ""};
  EXPECT_TRUE(commit({CreateUpload{record}, CreateUpload{plain}}));
  EXPECT_EQ(find(record.token), record);
  EXPECT_EQ(find(plain.token), plain);
  open();
  EXPECT_EQ(find(record.token), record);
  EXPECT_EQ(find(plain.token), plain);
  EXPECT_EQ(*sluice::testing::run(journal->find_upload_by_id(record.id)), record);
  EXPECT_EQ(*sluice::testing::run(journal->find_upload_by_id(2)), std::nullopt);
  EXPECT_EQ(find("token"), std::nullopt);
  EXPECT_EQ(find(record.token + std::string(1, '\0')), std::nullopt);
}

TEST_F(SqliteJournalTest, UpdatesProgressAndRemoves) {
  model::UploadRecord record = sample_upload(3);
  EXPECT_TRUE(commit({CreateUpload{record}}));
  record.progress.state = model::UploadState::delivered;
  record.progress.stored.add({0, 100});
  record.progress.expires_at = at(5);
  record.progress.blob_present = false;
  record.progress.attempts = 2;
  record.progress.next_attempt_at = at(9);
  record.progress.handoff_since = at(10);
  record.progress.failure = "no";
  record.progress.answer = model::Answer{200, {{"A", "b"}}, "{}"};
  EXPECT_TRUE(commit({UpdateUpload{3, record.progress}}));
  ++record.progress.version;
  model::forget_details(record);
  EXPECT_EQ(find(record.token), record);
  record.progress.answer.reset();
  EXPECT_TRUE(commit({UpdateUpload{3, record.progress}}));
  ++record.progress.version;
  EXPECT_EQ(find(record.token), record);
  EXPECT_TRUE(commit({RemoveUpload{3}}));
  EXPECT_EQ(find(record.token), std::nullopt);
  EXPECT_TRUE(commit({RemoveUpload{3}, RemoveVideo{"none"}})) << "removing twice is no error";
  EXPECT_TRUE(commit({}));
}

TEST_F(SqliteJournalTest, NeverGivesAnIdThatWasJournalled) {
  EXPECT_EQ(sluice::testing::run(journal->next_upload_id()), 1U);
  EXPECT_EQ(sluice::testing::run(journal->next_upload_id()), 2U);
  EXPECT_TRUE(commit({CreateUpload{sample_upload(2)}, CreateUpload{sample_upload(1)}}));
  EXPECT_EQ(sluice::testing::run(journal->next_upload_id()), 3U);
  open();
  EXPECT_EQ(sluice::testing::run(journal->next_upload_id()), 3U) << "3 was never journalled";
  EXPECT_TRUE(commit({RemoveUpload{1}, RemoveUpload{2}}));
  open();
  EXPECT_EQ(sluice::testing::run(journal->next_upload_id()), 3U);
}

TEST_F(SqliteJournalTest, FindsUploadsByWhatIsToBeDone) {
  using enum model::UploadState;
  std::uint64_t id = 0;
  for (const model::UploadState state :
       {receiving, received, delivering, delivered, refused, aborted, expired}) {
    create(++id, state, true, 100);   // 1, 3, 5, ...
    create(++id, state, false, 200);  // 2, 4, 6, ...
  }
  using Ids = std::vector<std::uint64_t>;
  EXPECT_EQ(ids(sluice::testing::run(journal->undelivered(0, 10))), (Ids{3, 4, 5, 6}));
  EXPECT_EQ(ids(sluice::testing::run(journal->undelivered(0, 2))), (Ids{3, 4}));
  EXPECT_EQ(ids(sluice::testing::run(journal->undelivered(4, 2))), (Ids{5, 6}));
  EXPECT_EQ(ids(sluice::testing::run(journal->undelivered(6, 2))), Ids{});
  EXPECT_EQ(ids(sluice::testing::run(journal->due(at(99), {}, 20))), Ids{});
  EXPECT_EQ(ids(sluice::testing::run(journal->due(at(100), {}, 20))), (Ids{1, 7, 9, 11, 13}));
  EXPECT_EQ(ids(sluice::testing::run(journal->due(at(200), {}, 20))).size(), 10U);
  EXPECT_EQ(ids(sluice::testing::run(journal->due(at(200), {}, 3))).size(), 3U);
  EXPECT_EQ(ids(sluice::testing::run(journal->leftover_blobs(0, 20))), (Ids{7, 11, 13}));
  EXPECT_EQ(ids(sluice::testing::run(journal->leftover_blobs(0, 1))).size(), 1U);
}

TEST_F(SqliteJournalTest, FindsRefusedAndFailedUploadsInTheOrderOfTheirDecision) {
  using enum model::UploadState;
  const struct {
    model::UploadState state;
    bool blob_present;
    std::int64_t decided;
  } rows[] = {{refused, true, 30},   {failed, true, 20},   {refused, true, 20},
              {failed, true, 50},    {refused, false, 20}, {delivered, true, 20},
              {delivering, true, 20}};
  std::uint64_t id = 0;
  for (const auto& row : rows) {
    model::UploadRecord record = sample_upload(++id);
    record.progress.state = row.state;
    record.progress.blob_present = row.blob_present;
    record.progress.next_attempt_at = at(row.decided);
    ASSERT_TRUE(commit({CreateUpload{record}}));
  }
  const auto decided = [this](Decided after, std::int64_t until, std::size_t count) {
    return *sluice::testing::run(journal->decided(after, at(until), count));
  };
  using Found = std::vector<Decided>;
  EXPECT_EQ(decided({at(0), 0}, 100, 9),
            (Found{{at(20), 2}, {at(20), 3}, {at(30), 1}, {at(50), 4}}));
  EXPECT_EQ(decided({at(20), 0}, 50, 2), (Found{{at(20), 2}, {at(20), 3}}));
  EXPECT_EQ(decided({at(20), 3}, 50, 2), (Found{{at(30), 1}}));
}

TEST_F(SqliteJournalTest, KeepsOfASettledUploadWhatItsAnswerNeeds) {
  model::UploadRecord record = sample_upload(1);
  record.layout =
      model::Layout{.main_size = record.file_size_max, .part_size = 5, .extra_files = {}};
  record.origin = R"({"address":"192.0.2.1"})";
  model::UploadRecord aborted = record;
  aborted.id = 2;
  aborted.token = "2";
  record.partials = aborted.partials = {"one", "two", "one"};
  ASSERT_TRUE(commit({CreateUpload{record}, CreateUpload{aborted}}));
  record.progress.state = model::UploadState::delivered;
  record.progress.answer = model::Answer{.status = 200, .headers = {}, .body = "answer"};
  aborted.progress.state = model::UploadState::aborted;
  ASSERT_TRUE(commit({UpdateUpload{1, record.progress}, UpdateUpload{2, aborted.progress}}));
  record.progress.version = ++aborted.progress.version;
  EXPECT_EQ(*sluice::testing::run(journal->find_upload_by_id(1)), record)
      << "as long as it has a blob it may be handed over";
  record.progress.blob_present = aborted.progress.blob_present = false;
  ASSERT_TRUE(commit({UpdateUpload{1, record.progress}, UpdateUpload{2, aborted.progress}}));
  record.progress.version = ++aborted.progress.version;
  model::forget_details(record);
  model::forget_details(aborted);
  EXPECT_EQ(*sluice::testing::run(journal->find_upload_by_id(1)), record);
  EXPECT_EQ(record.file_name + record.content_type + record.parameters + record.origin,
            "film.mp4video/mp4{}{}");
  EXPECT_TRUE(record.layout);
  EXPECT_EQ(*sluice::testing::run(journal->find_upload_by_id(2)), aborted);
  EXPECT_EQ(aborted.file_name + aborted.parameters, "{}");
  EXPECT_FALSE(aborted.layout);
}

TEST_F(SqliteJournalTest, StaysSmallWhenUploadsAreOpenedAndGivenUpForEver) {
  const auto abort_many = [this](std::uint64_t from, std::size_t count) {
    for (std::uint64_t id = from; id < from + count; ++id) {
      model::UploadRecord record = sample_upload(id);
      record.owner = "ann";
      record.parameters = "{\"a\":\"" + std::string(10'000, 'x') + "\"}";
      model::UploadProgress progress = record.progress;
      progress.state = model::UploadState::aborted;
      std::vector<Change> changes;
      changes.emplace_back(CreateUpload{record});
      changes.emplace_back(UpdateUpload{id, progress});
      progress.blob_present = false;
      ++progress.version;
      changes.emplace_back(UpdateUpload{id, progress});
      ASSERT_TRUE(commit(std::move(changes)));
    }
  };
  model::UploadRecord other = sample_upload(1);
  other.progress.state = model::UploadState::aborted;
  ASSERT_TRUE(commit({CreateUpload{other}}));
  abort_many(2, limits::gone_uploads_per_owner_max + 100);
  const auto rows = sluice::testing::run(journal->uploads_after(0, 1'000'000));
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->size(), limits::gone_uploads_per_owner_max + 1);
  EXPECT_EQ(rows->front().id, 1U) << "another owner's";
  EXPECT_EQ(rows->back().id, limits::gone_uploads_per_owner_max + 101);
  open();
  EXPECT_LT(std::filesystem::file_size(path), 2 * limits::MiB);
  EXPECT_EQ(count(model::UploadState::aborted), limits::gone_uploads_per_owner_max + 1);
}

TEST_F(SqliteJournalTest, CountsUploadsByState) {
  create(1, model::UploadState::receiving, true, 1);
  create(2, model::UploadState::receiving, true, 1);
  create(3, model::UploadState::received, true, 1);
  model::UploadProgress aborted = sample_upload(1).progress;
  aborted.state = model::UploadState::aborted;
  model::UploadProgress again = aborted;
  ++again.version;
  EXPECT_TRUE(commit({UpdateUpload{1, aborted}, UpdateUpload{1, again}}));
  EXPECT_EQ(count(model::UploadState::receiving), 1U);
  EXPECT_EQ(count(model::UploadState::received), 1U);
  EXPECT_EQ(count(model::UploadState::aborted), 1U);
  EXPECT_TRUE(commit({RemoveUpload{1}, RemoveUpload{3}}));
  open();
  EXPECT_EQ(count(model::UploadState::receiving), 1U);
  EXPECT_EQ(count(model::UploadState::received), 0U);
  EXPECT_EQ(count(model::UploadState::aborted), 0U);
}

TEST_F(SqliteJournalTest, KeepsReplacesAndRemovesVideos) {
  model::VideoRecord video = sample_video("a");
  video.metadata = std::string("x\0\xFF", 3);
  EXPECT_TRUE(commit({PutVideo{video}}));
  EXPECT_EQ(*sluice::testing::run(journal->find_video("a")), video);
  video.upload_id = 8;
  video.created_at = at(5);
  video.status = "fail";
  video.source_present = false;
  video.document = "{}";
  video.metadata.clear();
  EXPECT_TRUE(commit({PutVideo{video}}));
  open();
  EXPECT_EQ(*sluice::testing::run(journal->find_video("a")), video);
  EXPECT_TRUE(commit({RemoveVideo{"a"}}));
  EXPECT_EQ(*sluice::testing::run(journal->find_video("a")), std::nullopt);
  EXPECT_EQ(sluice::testing::run(journal->list_videos({}))->total, 0U);
}

TEST_F(SqliteJournalTest, ListsVideosNewestFirst) {
  int time = 0;
  for (const char* id : {"a", "b", "c", "d", "e", "f"}) {
    model::VideoRecord video = sample_video(id);
    video.created_at = at(time++ / 2);  // Two at a time.
    video.status = time % 3 == 0 ? "fail" : "success";
    EXPECT_TRUE(commit({PutVideo{video}}));
  }
  model::VideoRecord gone = sample_video("e");
  gone.status = "deleted";
  EXPECT_TRUE(commit({PutVideo{gone}}));
  const auto list = [&](const VideoQuery& query) {
    const auto page = sluice::testing::run(journal->list_videos(query));
    std::string text = std::to_string(page->total) + ":";
    for (const model::VideoRecord& record : page->records) {
      text += record.id;
    }
    return text;
  };
  EXPECT_EQ(list({}), "5:fdcba");
  EXPECT_EQ(list({.status = {}, .offset = 1, .count = 3}), "5:dcb");
  EXPECT_EQ(list({.status = {}, .offset = 9, .count = 3}), "5:");
  EXPECT_EQ(list({.status = "fail"}), "2:fc");
  EXPECT_EQ(list({.status = "success", .offset = 1, .count = 1}), "3:b");
  EXPECT_EQ(list({.status = "processing"}), "0:");
  EXPECT_EQ(list({.status = "deleted"}), "0:");
  EXPECT_EQ(sluice::testing::run(journal->leftover_videos("", 9))->front(), gone);
  gone.source_present = false;
  EXPECT_TRUE(commit({PutVideo{gone}}));
  EXPECT_TRUE(sluice::testing::run(journal->leftover_videos("", 9))->empty());
}

runtime::Task<> commit_many(SqliteJournal& journal, std::uint64_t first, int commits,
                            int* succeeded) {
  for (int i = 0; i < commits; ++i) {
    const std::uint64_t id = first + static_cast<std::uint64_t>(i);
    std::vector<Change> changes;
    changes.emplace_back(CreateUpload{sample_upload(id)});
    const auto home = std::this_thread::get_id();
    const Result<> done = co_await journal.commit(std::move(changes));
    *succeeded += done && std::this_thread::get_id() == home ? 1 : 0;
  }
}

runtime::Task<> commit_side_by_side(SqliteJournal& journal, Log& log, int* succeeded) {
  runtime::TaskGroup group(co_await boost::asio::this_coro::executor, log);
  for (std::uint64_t i = 0; i < 100; ++i) {
    group.spawn("commits", commit_many(journal, 1 + i * 5, 5, succeeded));
  }
  co_await group.wait(std::chrono::minutes(1));
}

TEST_F(SqliteJournalTest, WritesCommitsThatWaitInOneTransaction) {
  int succeeded = 0;
  sluice::testing::run(commit_side_by_side(*journal, log, &succeeded));
  EXPECT_EQ(succeeded, 500);
  EXPECT_LT(observations(metrics.commit_seconds), 250U);
  EXPECT_GE(observations(metrics.commit_seconds), 5U);
  open();
  EXPECT_EQ(count(model::UploadState::receiving), 500U);
}

TEST_F(SqliteJournalTest, FinishesWhatIsQueuedBeforeItGoes) {
  boost::asio::io_context context;
  int succeeded = 0;
  std::vector<std::unique_ptr<bool>> ends;
  std::exception_ptr exception;
  for (std::uint64_t id = 1; id <= 20; ++id) {
    ends.push_back(std::make_unique<bool>(false));
    sluice::testing::start_in(context, commit_many(*journal, id, 1, &succeeded), *ends.back(),
                              exception);
  }
  context.poll();
  journal.reset();
  context.run();
  EXPECT_EQ(succeeded, 20);
  open();
  EXPECT_EQ(count(model::UploadState::receiving), 20U);
}

TEST_F(SqliteJournalTest, PagesThroughAllUploadsAndVideos) {
  create(3, model::UploadState::expired, false, 1);
  create(1, model::UploadState::receiving, true, 1);
  create(2, model::UploadState::delivered, true, 1);
  const auto first = sluice::testing::run(journal->uploads_after(0, 2));
  ASSERT_EQ(first->size(), 2U);
  EXPECT_EQ(first->front().id, 1U);
  EXPECT_EQ(first->back().id, 2U);
  EXPECT_EQ(ids(sluice::testing::run(journal->uploads_after(2, 2))), std::vector<std::uint64_t>{3});
  EXPECT_TRUE(sluice::testing::run(journal->uploads_after(3, 2))->empty());

  model::VideoRecord tombstone = sample_video("b");
  tombstone.status = "deleted";
  EXPECT_TRUE(commit({PutVideo{tombstone}, PutVideo{sample_video("c")}}));
  EXPECT_TRUE(commit({PutVideo{sample_video("a")}}));
  const auto videos = sluice::testing::run(journal->videos_after("", 2));
  ASSERT_EQ(videos->size(), 2U);
  EXPECT_EQ(videos->front(), sample_video("a"));
  EXPECT_EQ(videos->back(), tombstone);
  const auto rest = sluice::testing::run(journal->videos_after("b", 2));
  ASSERT_EQ(rest->size(), 1U);
  EXPECT_EQ(rest->front(), sample_video("c"));
}

// The bytes that the write-ahead log gets for one more part, with every second one there.
TEST_F(SqliteJournalTest, APieceOfManyPartsWritesFewPages) {
  model::UploadRecord record = sample_upload(1);
  record.layout =
      model::Layout{limits::part_count_max * limits::part_bytes_min, limits::part_bytes_min, {}};
  record.progress.file_size = record.file_size_max = record.layout->total_size();
  for (std::uint64_t part = 0; part < limits::part_count_max; part += 2) {
    record.progress.stored.add(
        {part * limits::part_bytes_min, (part + 1) * limits::part_bytes_min});
  }
  record.progress.unsynced = record.progress.stored;
  EXPECT_TRUE(commit({CreateUpload{record}}));
  open();
  const std::string log_file = path + "-wal";
  EXPECT_TRUE(commit({CreateUpload{sample_upload(2)}}));
  const auto before = std::filesystem::file_size(log_file);
  record.progress.stored.add({limits::part_bytes_min, 2 * limits::part_bytes_min});
  record.progress.expires_at += std::chrono::seconds(1);
  EXPECT_TRUE(commit({UpdateUpload{1, record.progress, false, record.layout}}));
  ++record.progress.version;
  const auto written = std::filesystem::file_size(log_file) - before;
  EXPECT_LE(written, 32 * limits::KiB);
  RecordProperty("bytes", static_cast<int>(written));
  EXPECT_EQ(find(record.token), record);
}

TEST_F(SqliteJournalTest, ChecksTheIntegrityOfItsFile) {
  create(1, model::UploadState::receiving, true, 1);
  EXPECT_TRUE(sluice::testing::run(journal->integrity_problems())->empty());
  journal.reset();
  {
    Result<Connection> connection = Connection::open(path);
    ASSERT_TRUE(connection);
    // Now the index holds other values than it should.
    ASSERT_TRUE(connection->execute(
        "PRAGMA writable_schema=ON;"
        "UPDATE sqlite_schema SET sql = replace(sql, 'expires_at', 'created_at')"
        " WHERE name = 'uploads_due'"));
  }
  open();
  const auto problems = sluice::testing::run(journal->integrity_problems());
  ASSERT_TRUE(problems) << problems.error().message();
  EXPECT_FALSE(problems->empty());
}

model::Notification told_about(std::uint64_t upload_id, const char* event) {
  model::Notification notification;
  notification.upload_id = upload_id;
  notification.event = event;
  notification.key = std::string("key of ") + event;
  notification.body = std::string("\0\xff", 2);
  notification.created_at = Timestamp(std::chrono::milliseconds(5));
  return notification;
}

TEST_F(SqliteJournalTest, TellsOfEachUploadTheEarliestNotificationFirst) {
  EXPECT_TRUE(
      commit({AddNotification{told_about(1, "created")}, AddNotification{told_about(1, "finished")},
              AddNotification{told_about(2, "created")}}));
  const Timestamp later(std::chrono::milliseconds(100));
  EXPECT_TRUE(commit({PostponeNotification{1, 3, later}}));
  auto next = sluice::testing::run(journal->next_notifications(10));
  ASSERT_TRUE(next);
  ASSERT_EQ(next->size(), 2U);
  model::Notification second = told_about(2, "created");
  second.id = 3;
  EXPECT_EQ(next->at(0), second);
  EXPECT_EQ(next->at(1).id, 1U);
  EXPECT_EQ(next->at(1).attempts, 3U);
  EXPECT_EQ(next->at(1).next_attempt_at, later);
  EXPECT_EQ(sluice::testing::run(journal->next_notifications(1))->size(), 1U);

  EXPECT_TRUE(commit({RemoveNotification{1}, RemoveNotification{3}, RemoveNotification{99}}));
  EXPECT_TRUE(commit({AddNotification{told_about(2, "aborted")}}));
  next = sluice::testing::run(journal->next_notifications(10));
  ASSERT_TRUE(next);
  ASSERT_EQ(next->size(), 2U);
  EXPECT_EQ(next->at(0).event, "finished");
  EXPECT_EQ(next->at(1).id, 4U) << "a number is never given twice";
}

}  // namespace
}  // namespace sluice::journal
