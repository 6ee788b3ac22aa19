// SPDX-License-Identifier: MIT
// What is PostgreSQL's own, over the server of the environment where there is one.
#include "journal/postgres/postgres_journal.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "support/tested_journal.h"

namespace sluice::journal::postgres {
namespace {

using sluice::testing::at;
using sluice::testing::run;
using sluice::testing::sample_upload;
using sluice::testing::sample_video;

class PostgresJournalTest : public sluice::testing::TestedJournal {};

TEST_P(PostgresJournalTest, KeepsEveryFieldWhateverBytesItHas) {
  const std::string any("\0\xFF\x80 \n'\\", 7);
  model::UploadRecord record = sample_upload(1);
  record.token = record.file_name = record.content_type = any;
  record.parameters = record.origin = record.owner = record.dialect = record.words = any;
  record.is_partial = true;
  record.partials = {"a", "b"};
  record.progress.file_size = record.file_size_max = 30;
  record.progress.stored.add({0, 10});
  record.progress.stored.add({20, 25});
  record.progress.unsynced.add({20, 25});
  record.progress.attempts = 4'000'000'000;
  record.progress.next_attempt_at = at(-5);
  record.progress.handoff_since = at(7);
  record.progress.failure = any;
  record.progress.is_cleared = true;
  record.progress.answer = model::Answer{422, {{"X-\xFF", any}}, "", 12, any};
  record.layout = model::Layout{10, 5, {}};
  ASSERT_TRUE(record.layout->add("tag", "name", 20));
  ASSERT_TRUE(commit({CreateUpload{record}}));
  EXPECT_EQ(find(1), record);
  EXPECT_EQ(*run(journal().find_upload(any)), record);
}

TEST_P(PostgresJournalTest, ADamagedRowIsSetAsideAndHarmsNoOther) {
  std::vector<model::UploadRecord> records;
  for (std::uint64_t id = 1; id <= 5; ++id) {
    records.push_back(sample_upload(id));
    records.back().progress.state = model::UploadState::received;
    ASSERT_TRUE(commit({CreateUpload{records.back()}}));
  }
  ASSERT_TRUE(commit({PutVideo{sample_video("v")}, PutVideo{sample_video("w")}}));
  schema_->execute("UPDATE uploads SET stored = 'nonsense' WHERE id IN (1, 3)");
  schema_->execute("UPDATE videos SET document = 'nonsense' WHERE id = 'w'");
  const auto found = run(journal().find_upload(records[0].token));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), Errc::record_damaged);
  EXPECT_EQ(*run(journal().undelivered(0, 2)), (std::vector{records[1], records[3]}))
      << "a page is as long as without it";
  EXPECT_EQ(*run(journal().undelivered(2, 9)), (std::vector{records[3], records[4]}));
  EXPECT_EQ(*run(journal().list_uploads({.count = 2})), (std::vector{records[1], records[3]}));
  EXPECT_EQ(run(journal().find_video("w")).error().code(), Errc::record_damaged);
  EXPECT_EQ(run(journal().list_videos({}))->records, (std::vector{sample_video("v")}));
  EXPECT_EQ(metrics_.damaged_rows.value(), 3);
}

TEST_P(PostgresJournalTest, AllVideosAreReadInPages) {
  std::vector<model::VideoRecord> records{sample_video("a"), sample_video("b"), sample_video("c")};
  records[1].status = "deleted";
  for (const model::VideoRecord& record : records) {
    ASSERT_TRUE(commit({PutVideo{record}}));
  }
  EXPECT_EQ(*run(postgres_->videos_after("", 2)), (std::vector{records[0], records[1]}));
  EXPECT_EQ(*run(postgres_->videos_after("b", 2)), (std::vector{records[2]}));
}

TEST_P(PostgresJournalTest, NodesNeverGetTheSameNumber) {
  const auto other = PostgresJournal::open(schema_->settings(), metrics_, log_);
  ASSERT_TRUE(other);
  std::set<std::uint64_t> numbers;
  for (std::size_t i = 0; i < 2 * limits::postgres_id_block + 1; ++i) {
    numbers.insert(*run(journal().next_upload_id()));
    numbers.insert(*run((*other)->next_upload_id()));
  }
  EXPECT_EQ(numbers.size(), 2 * (2 * limits::postgres_id_block + 1));
}

TEST_P(PostgresJournalTest, ListsWhatIsDueInOrderOfTime) {
  std::vector<model::UploadRecord> records;
  for (const int hours : {3, 1, 2, 1, -1, 4}) {
    records.push_back(sample_upload(records.size() + 1));
    records.back().progress.expires_at = at(0) + std::chrono::hours(hours);
    ASSERT_TRUE(commit({CreateUpload{records.back()}}));
  }
  const Timestamp now = at(0) + std::chrono::hours(3);
  const auto due = [&](ExpiryPosition after, std::size_t count) {
    std::string ids;
    for (const model::UploadRecord& record : *run(journal().due(now, after, count))) {
      ids += std::to_string(record.id);
    }
    return ids;
  };
  EXPECT_EQ(due({}, 9), "52431");
  EXPECT_EQ(due({}, 2), "52");
  EXPECT_EQ(due({records[1].progress.expires_at, 2}, 9), "431");
}

TEST_P(PostgresJournalTest, APieceTouchesNoIndex) {
  ASSERT_TRUE(commit({CreateUpload{sample_upload(1)}}));
  model::UploadProgress progress = sample_upload(1).progress;
  for (std::uint64_t i = 0; i < 50; ++i) {
    progress.version = i;
    progress.stored.add({i * 10, i * 10 + 10});
    progress.expires_at += std::chrono::seconds(1);
    ASSERT_TRUE(commit({UpdateUpload{1, progress}}));
  }
  // The figures of a session are told when it ends.
  postgres_.reset();
  std::string hot;
  for (int tries = 0; hot.empty() && tries < 1000; ++tries) {
    hot = schema_->execute(
        "SELECT n_tup_hot_upd >= 48 FROM pg_stat_user_tables WHERE relname = 'uploads'"
        " AND schemaname = current_schema() AND n_tup_upd = 50");
    schema_->execute("SELECT pg_sleep(0.01)");
  }
  EXPECT_EQ(hot, "t");
}

TEST_P(PostgresJournalTest, ClaimsThatHaveEndedAreForgotten) {
  const Lease ann{"ann", std::chrono::milliseconds(0)};
  ASSERT_TRUE(run(journal().claim(Work::delivery, {1, 2, 3}, ann)));
  const Lease bob{"bob", std::chrono::hours(1)};
  ASSERT_TRUE(run(journal().claim(Work::notification, {9, 8, 9}, bob)));
  EXPECT_EQ(schema_->execute("SELECT string_agg(id::text, ' ' ORDER BY id) FROM claims"), "8 9");
}

TEST_P(PostgresJournalTest, SignaturesAreForgottenSomeTimeAfterTheyHaveExpired) {
  const Timestamp later = at(1000) + limits::signatures_kept_past;
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(commit({UseSignature{"old " + std::to_string(i), at(i), at(1000)}}));
  }
  ASSERT_TRUE(commit({UseSignature{"new", later - Duration(1), later + Duration(1)}}));
  EXPECT_EQ(schema_->execute("SELECT count(*) FROM used_signatures"), "7");
  ASSERT_TRUE(commit({UseSignature{"newer", later, later + Duration(1)}}));
  EXPECT_EQ(schema_->execute("SELECT count(*) FROM used_signatures"), "4");
}

TEST_P(PostgresJournalTest, AnUploadThatAnotherNodeHasRemovedIsAConflict) {
  const model::UploadProgress progress = sample_upload(1).progress;
  EXPECT_EQ(refusal({PutVideo{sample_video("v")}, UpdateUpload{1, progress}}), Errc::conflict);
  EXPECT_EQ(*run(journal().find_video("v")), std::nullopt);
}

TEST_P(PostgresJournalTest, ANumberTwiceIsAMistake) {
  ASSERT_TRUE(commit({CreateUpload{sample_upload(1)}}));
  model::UploadRecord second = sample_upload(1);
  second.token = "another token";
  EXPECT_EQ(refusal({CreateUpload{second}}), Errc::internal);
}

TEST(PostgresJournal, SaysThatThereIsNoServer) {
  Metrics metrics;
  NullLog log;
  Settings settings;
  settings.connection = "host=/nowhere password=secret";
  const auto opened = PostgresJournal::open(settings, metrics, log);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Errc::unavailable);
  EXPECT_TRUE(opened.error().message().contains("/nowhere")) << opened.error().message();
  EXPECT_FALSE(opened.error().message().contains("secret"));
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PostgresJournalTest);
INSTANTIATE_TEST_SUITE_P(The, PostgresJournalTest, sluice::testing::only_postgres(),
                         sluice::testing::name_of);

}  // namespace
}  // namespace sluice::journal::postgres
