// SPDX-License-Identifier: MIT
// The journal on SQLite, on a disk with errors and power cuts: a committed change is there, a
// refused one is not, and a failed commit is there as a whole or not at all.
// SLUICE_TEST_JOURNAL_SEED repeats a run.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <iterator>
#include <string>
#include <utility>

#include "simulation/journal_seam.h"
#include "simulation/sqlite_content.h"
#include "support/run.h"
#include "support/test_records.h"

namespace sluice::simulation {
namespace {

using journal::Change;
using journal::SqliteJournal;
using testing::sample_upload;
using testing::sample_video;

constexpr std::uint64_t journal_seeds_count = 2000;
// A new journal makes so many calls that on the worst disks every attempt fails.
constexpr int opening_attempts_max = 20;

struct Counts {
  std::uint64_t commits = 0;
  std::uint64_t full_disks = 0;
  std::uint64_t failures = 0;
  std::uint64_t deaths = 0;
  std::uint64_t power_cuts = 0;
  std::uint64_t failed_openings = 0;
  std::uint64_t failed_commits_kept = 0;
};

class JournalRun {
 public:
  JournalRun(std::uint64_t seed, Counts& counts)
      : dice_(seed), disk_(dice_, process_, dice_.chance(0.5) ? 512 : 4096), counts_(counts) {
    disk_.add_directory_and_parents(journal_directory());
    files_ = std::make_unique<SqliteFiles>(disk_);
  }

  void run() {
    for (std::uint64_t lives = dice_.between(1, 4); lives > 0; --lives) {
      choose_faults();
      if (const auto journal = open()) {
        live(*journal);
        if (::testing::Test::HasFatalFailure()) {
          return;
        }
      }
      end_life();
    }
    disk_.set_faults({});
    const auto journal = open();
    ASSERT_TRUE(journal) << "not on a sound disk either";
    compare(*journal);
  }

 private:
  double rate(double most) {
    return dice_.chance(0.5) ? 0 : most * static_cast<double>(dice_.between(1, 4)) / 4;
  }

  void choose_faults() {
    FaultRates rates;
    rates.write_error = rate(0.03);
    rates.read_error = rate(0.01);
    rates.sync_error = rate(0.05);
    rates.directory_sync_error = 0;  // SQLite ignores the result.
    rates.name_error = rate(0.02);
    rates.writeback = rate(0.5);
    rates.writeback_error = rate(0.1);
    disk_.set_faults(rates);
    if (dice_.chance(0.5)) {
      disk_.die_after(dice_.below(300));
    }
  }

  void end_life() {
    counts_.deaths += process_.alive ? 0 : 1;
    if (dice_.chance(0.6)) {
      ++counts_.power_cuts;
      disk_.cut_power();
    }
    disk_.live_on();
    process_.alive = true;
  }

  // Null when the process dies in the attempt.
  std::unique_ptr<SqliteJournal> open() {
    const std::string path = journal_directory() + "/journal";
    for (int attempt = 0; attempt < opening_attempts_max && process_.alive; ++attempt) {
      auto opened = SqliteJournal::open(path, Durability::commit, metrics_, log_);
      if (opened) {
        return std::move(*opened);
      }
      ++counts_.failed_openings;
    }
    return nullptr;
  }

  void live(SqliteJournal& journal) {
    const FaultRates rates = disk_.faults();
    disk_.set_faults({});
    if (process_.alive) {
      compare(journal);
    }
    disk_.set_faults(rates);
    for (std::uint64_t count = dice_.between(1, 30); count > 0 && process_.alive; --count) {
      if (::testing::Test::HasFatalFailure() || !commit_something(journal)) {
        return;
      }
    }
  }

  // A process that dies while it reads proves nothing; the next process compares again.
  void compare(SqliteJournal& journal) {
    Result<Content> found = read_all(journal);
    if (!process_.alive) {
      return;
    }
    ASSERT_TRUE(found) << found.error().message();
    Content with_failed = committed_;
    apply_changes(with_failed, uncertain_);
    const bool is_old = *found == committed_;
    ASSERT_TRUE(is_old || *found == with_failed) << "a commit is lost, or there by half";
    counts_.failed_commits_kept += is_old ? 0 : 1;
    committed_ = std::move(*found);
    uncertain_.clear();
  }

  std::vector<Change> any_changes() {
    std::vector<Change> changes;
    Content content = committed_;
    for (std::uint64_t count = dice_.between(1, 4); count > 0; --count) {
      changes.push_back(any_change(content));
      apply_changes(content, {changes.back()});
    }
    return changes;
  }

  Change any_change(const Content& content) {
    const std::uint64_t kind = dice_.below(10);
    if (content.uploads.empty() || kind < 4) {
      model::UploadRecord record = sample_upload(next_id_++);
      record.file_name.assign(static_cast<std::size_t>(dice_.below(9000)), 'n');
      return journal::CreateUpload{std::move(record)};
    }
    if (kind == 9) {
      model::VideoRecord video = sample_video("v" + std::to_string(dice_.below(5)));
      video.document.append(static_cast<std::size_t>(dice_.below(20'000)), ' ');
      return journal::PutVideo{std::move(video)};
    }
    const auto index = static_cast<std::ptrdiff_t>(dice_.below(content.uploads.size()));
    const model::UploadRecord& record = std::next(content.uploads.begin(), index)->second;
    if (kind == 8) {
      return journal::RemoveUpload{record.id};
    }
    model::UploadProgress progress = record.progress;
    const std::uint64_t begin = dice_.below(1000);
    progress.stored.add({begin, begin + dice_.between(1, 1000)});
    return journal::UpdateUpload{record.id, std::move(progress)};
  }

  // False when this journal takes no more.
  bool commit_something(SqliteJournal& journal) {
    const std::vector<Change> changes = any_changes();
    const Result<> done = sluice::testing::run(journal.commit(changes));
    if (!process_.alive) {
      uncertain_ = changes;
      return false;
    }
    if (done) {
      ++counts_.commits;
      apply_changes(committed_, changes);
      return true;
    }
    if (done.error().code() == Errc::disk_full) {
      ++counts_.full_disks;
      EXPECT_TRUE(journal.healthy());
      return true;
    }
    ++counts_.failures;
    uncertain_ = changes;
    EXPECT_EQ(done.error().code(), Errc::storage_failed);
    EXPECT_FALSE(journal.healthy());
    disk_.set_faults({});
    EXPECT_FALSE(sluice::testing::run(journal.commit(any_changes()))) << "it must refuse from now";
    return false;
  }

  Dice dice_;
  Process process_;
  FaultyDisk disk_;
  Counts& counts_;
  std::unique_ptr<SqliteFiles> files_;
  Metrics metrics_;
  NullLog log_;
  Content committed_;
  std::vector<Change> uncertain_;
  std::uint64_t next_id_ = 1;
};

TEST(JournalOnFaultyDisk, KeepsWhatItCommittedAndNothingByHalf) {
  const char* const repeated = std::getenv("SLUICE_TEST_JOURNAL_SEED");
  const std::uint64_t first = repeated == nullptr ? 1 : std::stoull(repeated);
  const std::uint64_t count = repeated == nullptr ? journal_seeds_count : 1;
  Counts counts;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    JournalRun(seed, counts).run();
    ASSERT_FALSE(HasFailure()) << "SLUICE_TEST_JOURNAL_SEED=" << seed;
  }
  std::cout << count << " runs: " << counts.commits << " commits, " << counts.full_disks
            << " refused by a full disk, " << counts.failures << " failed, " << counts.deaths
            << " deaths, " << counts.power_cuts << " power cuts, " << counts.failed_openings
            << " failed openings, " << counts.failed_commits_kept
            << " failed commits that were there\n";
  if (count == journal_seeds_count) {
    EXPECT_GT(counts.commits, count);
    EXPECT_GT(counts.full_disks, count / 50);
    EXPECT_GT(counts.failures, count / 20);
    EXPECT_GT(counts.deaths, count / 4);
    EXPECT_GT(counts.power_cuts, count / 4);
    EXPECT_GT(counts.failed_openings, count / 50);
    EXPECT_GT(counts.failed_commits_kept, 0U);
  }
}

}  // namespace
}  // namespace sluice::simulation
