// SPDX-License-Identifier: MIT
#include "journal/journal_copy.h"

#include <gtest/gtest.h>

#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "journal/sqlite_journal.h"
#include "support/run.h"
#include "support/temporary_directory.h"
#include "support/test_records.h"

namespace sluice::journal {
namespace {

using testing::sample_upload;

runtime::Task<> copy(SqliteJournal& journal, std::string path, bool* is_copied) {
  const Result<> copied = co_await journal.copy_to(std::move(path));
  EXPECT_TRUE(copied) << copied.error().message();
  *is_copied = true;
}

runtime::Task<> change_until(const bool* is_copied, SqliteJournal& journal,
                             std::uint64_t* last_id) {
  while (!*is_copied) {
    std::vector<Change> changes;
    changes.emplace_back(CreateUpload{sample_upload(++*last_id)});
    const Result<> committed = co_await journal.commit(std::move(changes));
    EXPECT_TRUE(committed);
  }
}

TEST(JournalCopy, HoldsWhatIsCommittedMeanwhileToo) {
  sluice::testing::TemporaryDirectory directory;
  Metrics metrics;
  NullLog log;
  auto opened =
      SqliteJournal::open(directory.path() + "/journal", Durability::commit, metrics, log);
  ASSERT_TRUE(opened) << opened.error().message();
  std::unique_ptr<SqliteJournal>& journal = *opened;
  model::UploadRecord large = sample_upload(1);
  large.parameters.assign(2UL * limits::backup_step_pages * 4096, 'a');  // More than two steps.
  EXPECT_TRUE(
      sluice::testing::run(journal->commit({CreateUpload{large}, CreateUpload{sample_upload(2)}})));
  const std::string beside = directory.path() + "/copy";
  std::uint64_t last_id = 2;
  bool is_copied = false;
  boost::asio::io_context loop(1);
  const boost::asio::steady_timer sleeps_in_epoll(loop);
  bool copied = false;
  bool changed = false;
  std::exception_ptr failure;
  sluice::testing::start_in(loop, copy(*journal, beside, &is_copied), copied, failure);
  sluice::testing::start_in(loop, change_until(&is_copied, *journal, &last_id), changed, failure);
  sluice::testing::drive(loop, copied);
  sluice::testing::drive(loop, changed);
  EXPECT_FALSE(failure);
  EXPECT_GT(last_id, 3U) << "nothing was committed between the steps";
  const auto copied_journal = SqliteJournal::open(beside, Durability::commit, metrics, log);
  ASSERT_TRUE(copied_journal) << copied_journal.error().message();
  SqliteJournal& other = **copied_journal;
  EXPECT_EQ(sluice::testing::run(other.integrity_problems()), std::vector<std::string>());
  for (const std::uint64_t id : {1U, 2U}) {
    EXPECT_TRUE(sluice::testing::run(other.find_upload_by_id(id))->has_value()) << id;
  }
  const auto counts = sluice::testing::run(other.upload_counts());
  const auto rows = sluice::testing::run(other.uploads_after(0, 2 * last_id));
  EXPECT_EQ(counts->at(model::UploadState::receiving), rows->size());
}

}  // namespace
}  // namespace sluice::journal
