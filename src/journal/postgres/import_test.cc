// SPDX-License-Identifier: MIT
#include "journal/postgres/import.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "support/tested_journal.h"

namespace sluice::journal::postgres {
namespace {

using sluice::testing::at;
using sluice::testing::run;
using sluice::testing::sample_upload;
using sluice::testing::sample_video;

class ImportTest : public sluice::testing::TestedJournal {
 protected:
  ImportTest()
      : file_(*SqliteJournal::open(directory_.path() + "/file", Durability::none, metrics_, log_)) {
  }

  void fill(std::vector<Change> changes) { ASSERT_TRUE(run(file_->commit(std::move(changes)))); }
  Result<Imported> import() { return run(import_journal(*file_, *postgres_, "the secret")); }
  static model::UploadRecord stored_upload(std::uint64_t id) {
    model::UploadRecord record = sample_upload(id);
    record.progress.version = 3;
    record.progress.blob_present = true;
    record.progress.stored.add({0, 10});
    return record;
  }

  std::unique_ptr<SqliteJournal> file_;
};

TEST_P(ImportTest, AllThatTheFileHoldsIsThere) {
  fill({CreateUpload{
      stored_upload(*run(file_->next_upload_id())), {}, {{{0, 4}, "e/1"}, {{4, 10}, "e/2"}}}});
  fill({CreateUpload{sample_upload(*run(file_->next_upload_id()))}});
  fill({PutVideo{sample_video("v1")}});
  model::Notification notification;
  notification.upload_id = 2;
  notification.event = "finished";
  fill({AddNotification{std::move(notification)}});
  fill({UseSignature{"used", at(1), at(9'000'000'000'000)}});

  const Result<Imported> imported = import();
  ASSERT_TRUE(imported) << imported.error().message();
  EXPECT_EQ(imported->uploads, 2U);
  EXPECT_EQ(imported->videos, 1U);
  EXPECT_EQ(imported->notifications, 1U);
  for (const std::uint64_t id : {1U, 2U}) {
    EXPECT_EQ(find(id), *run(file_->find_upload_by_id(id))) << id;
  }
  EXPECT_EQ(*run(postgres_->extents(1, 0, 9)), *run(file_->extents(1, 0, 9)));
  EXPECT_EQ(run(postgres_->find_video("v1")).value()->document, sample_video("v1").document);
  EXPECT_EQ(run(postgres_->next_notifications(9))->front().event, "finished");
  EXPECT_EQ(refusal({UseSignature{"used", at(2), at(9'000'000'000'000)}}), Errc::not_authorized);
  EXPECT_GT(*run(postgres_->next_upload_id()), 2U);
  const auto again = PostgresJournal::open(schema_->settings(), metrics_, log_);
  EXPECT_EQ((*again)->secret(), "the secret");
}

TEST_P(ImportTest, TablesThatAreInUseAreLeftAlone) {
  ASSERT_TRUE(commit({CreateUpload{sample_upload(1)}}));
  const Result<Imported> imported = import();
  ASSERT_FALSE(imported);
  EXPECT_TRUE(imported.error().message().contains("take an empty database"));
  EXPECT_NE(PostgresJournal::open(schema_->settings(), metrics_, log_).value()->secret(),
            "the secret");
}

TEST_P(ImportTest, BytesOfThisMachineAreNoReasonToGoOn) {
  fill({CreateUpload{stored_upload(1), {}, {{{0, 4}, "e/1"}}}});
  const Result<Imported> imported = import();
  ASSERT_FALSE(imported);
  EXPECT_TRUE(imported.error().message().contains("upload 1 lie in the data directory"));
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ImportTest);
INSTANTIATE_TEST_SUITE_P(The, ImportTest, sluice::testing::only_postgres(),
                         sluice::testing::name_of);

}  // namespace
}  // namespace sluice::journal::postgres
