// SPDX-License-Identifier: MIT
// The journal when the disk, the process or its caller fails.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/this_coro.hpp>
#include <csignal>
#include <filesystem>

#include "journal/sqlite_journal.h"
#include "support/faulty_files.h"
#include "support/run.h"
#include "support/temporary_directory.h"
#include "support/test_records.h"

namespace sluice::journal {
namespace {

using testing::FaultyFiles;
using testing::sample_upload;

class SqliteJournalFailure : public ::testing::Test {
 protected:
  std::unique_ptr<SqliteJournal> open() {
    auto opened = SqliteJournal::open(path, Durability::commit, metrics, log);
    EXPECT_TRUE(opened) << opened.error().message();
    return opened ? std::move(*opened) : nullptr;
  }
  static Result<> create(SqliteJournal& journal, std::uint64_t id) {
    return sluice::testing::run(journal.commit({CreateUpload{sample_upload(id)}}));
  }
  static bool has(SqliteJournal& journal, std::uint64_t id) {
    const auto found = sluice::testing::run(journal.find_upload(sample_upload(id).token));
    EXPECT_TRUE(found);
    return found && found->has_value();
  }

  sluice::testing::TemporaryDirectory directory;
  const std::string path = directory.path() + "/journal";
  Metrics metrics;
  NullLog log;
};

// During the life of this object no file of the process can grow beyond `bytes`.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(std::uint64_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

TEST_F(SqliteJournalFailure, IsOpenedByOneProcessAtATime) {
  const auto journal = open();
  const auto second = SqliteJournal::open(path, Durability::commit, metrics, log);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message(), "journal " + path + " is in use by another process");

  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto third = SqliteJournal::open(path, Durability::commit, metrics, log);
    ::_exit(third ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(create(*journal, 1)) << "the attempts did no harm";
}

TEST_F(SqliteJournalFailure, AcceptsNothingAfterAFailedCommit) {
  {
    const auto journal = open();
    EXPECT_TRUE(create(*journal, 1));
    EXPECT_TRUE(journal->healthy());
    {
      const FileSizeLimit limit(std::filesystem::file_size(path + "-wal"));
      EXPECT_EQ(create(*journal, 2).error().code(), Errc::storage_failed);
    }
    EXPECT_FALSE(journal->healthy());
    EXPECT_EQ(create(*journal, 3).error().code(), Errc::storage_failed) << "there is room again";
    EXPECT_TRUE(has(*journal, 1)) << "reads go on";
    EXPECT_FALSE(has(*journal, 2));
  }
  const auto journal = open();
  EXPECT_TRUE(journal->healthy());
  EXPECT_TRUE(has(*journal, 1));
  EXPECT_FALSE(has(*journal, 3));
  EXPECT_TRUE(create(*journal, 3));
}

TEST_F(SqliteJournalFailure, AFullDiskRefusesACommitAndTheJournalGoesOn) {
  FaultyFiles files;
  {
    const auto journal = open();
    EXPECT_TRUE(create(*journal, 1));
    FaultyFiles::log_bytes_max =
        static_cast<std::int64_t>(std::filesystem::file_size(path + "-wal"));
    FaultyFiles::database_bytes_max = 0;
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(create(*journal, 2).error().code(), Errc::disk_full);
      EXPECT_TRUE(journal->healthy());
      EXPECT_TRUE(has(*journal, 1));
      EXPECT_FALSE(has(*journal, 2));
    }
    EXPECT_EQ(sluice::testing::run(journal->upload_counts())->at(model::UploadState::receiving),
              1U);
    FaultyFiles::log_bytes_max = FaultyFiles::unlimited;
    FaultyFiles::database_bytes_max = FaultyFiles::unlimited;
    EXPECT_TRUE(create(*journal, 2));
    EXPECT_TRUE(create(*journal, 3));
  }
  const auto journal = open();
  EXPECT_TRUE(has(*journal, 1));
  EXPECT_TRUE(has(*journal, 2));
  EXPECT_TRUE(has(*journal, 3));
  EXPECT_EQ(sluice::testing::run(journal->upload_counts())->at(model::UploadState::receiving), 3U);
}

TEST_F(SqliteJournalFailure, ARefusedCommitIsUndoneAlsoWhenHalfOfItIsInTheLog) {
  FaultyFiles files;
  {
    const auto journal = open();
    EXPECT_TRUE(create(*journal, 1));
    const auto size = static_cast<std::int64_t>(std::filesystem::file_size(path + "-wal"));
    FaultyFiles::database_bytes_max = 0;
    for (std::int64_t room = 0; room < 60'000; room += 3000) {
      FaultyFiles::log_bytes_max = size + room;
      model::UploadRecord large = sample_upload(2);
      large.file_name.assign(100'000, 'n');
      EXPECT_EQ(sluice::testing::run(journal->commit({CreateUpload{large}})).error().code(),
                Errc::disk_full);
      EXPECT_FALSE(has(*journal, 2)) << room;
    }
    FaultyFiles::log_bytes_max = FaultyFiles::unlimited;
    EXPECT_TRUE(create(*journal, 3));
    std::filesystem::copy(path, path + "-cut");
    std::filesystem::copy(path + "-wal", path + "-cut-wal");
  }
  FaultyFiles::database_bytes_max = FaultyFiles::unlimited;
  const auto cut = SqliteJournal::open(path + "-cut", Durability::commit, metrics, log);
  ASSERT_TRUE(cut) << cut.error().message();
  EXPECT_TRUE(has(**cut, 1));
  EXPECT_FALSE(has(**cut, 2));
  EXPECT_TRUE(has(**cut, 3));
}

TEST_F(SqliteJournalFailure, ALogThatCannotGrowIsEmptiedInstead) {
  FaultyFiles files;
  const auto journal = open();
  EXPECT_TRUE(create(*journal, 1));
  const std::uintmax_t size = std::filesystem::file_size(path + "-wal");
  FaultyFiles::log_bytes_max = static_cast<std::int64_t>(2 * size);
  for (std::uint64_t id = 2; id < 40; ++id) {
    EXPECT_TRUE(create(*journal, id)) << id;
  }
  EXPECT_LE(std::filesystem::file_size(path + "-wal"), 2 * size);
}

TEST_F(SqliteJournalFailure, AFailedSyncIsNoFullDisk) {
  FaultyFiles files;
  const auto journal = open();
  EXPECT_TRUE(create(*journal, 1));
  FaultyFiles::sync_fails = true;
  EXPECT_EQ(create(*journal, 2).error().code(), Errc::storage_failed);
  FaultyFiles::sync_fails = false;
  EXPECT_FALSE(journal->healthy());
  EXPECT_EQ(create(*journal, 3).error().code(), Errc::storage_failed);
}

runtime::Task<> create_in_group(SqliteJournal& journal, std::uint64_t id, bool* succeeded) {
  std::vector<Change> changes;
  changes.emplace_back(CreateUpload{sample_upload(id)});
  const Result<> done = co_await journal.commit(std::move(changes));
  *succeeded = done.has_value();
}

runtime::Task<> create_side_by_side(SqliteJournal& journal, Log& log,
                                    std::array<bool, 50>* succeeded) {
  runtime::TaskGroup group(co_await boost::asio::this_coro::executor, log);
  for (std::size_t i = 0; i < succeeded->size(); ++i) {
    group.spawn("create", create_in_group(journal, 1 + i, &(*succeeded)[i]));
  }
  co_await group.wait(std::chrono::minutes(1));
}

TEST_F(SqliteJournalFailure, AContradictionFailsAlone) {
  const auto journal = open();
  model::UploadRecord thief = sample_upload(1000);
  thief.token = sample_upload(30).token;
  EXPECT_TRUE(sluice::testing::run(journal->commit({CreateUpload{thief}})));
  std::array<bool, 50> succeeded{};
  sluice::testing::run(create_side_by_side(*journal, log, &succeeded));
  for (std::size_t i = 0; i < succeeded.size(); ++i) {
    EXPECT_EQ(succeeded[i], i != 29) << i;
  }
  const auto unknown = sluice::testing::run(journal->commit(
      {CreateUpload{sample_upload(2000)}, UpdateUpload{99, model::UploadProgress()}}));
  EXPECT_EQ(unknown.error().code(), Errc::conflict);
  EXPECT_FALSE(has(*journal, 2000)) << "a commit is all or nothing";
  EXPECT_TRUE(journal->healthy());
  EXPECT_TRUE(create(*journal, 2000));
}

TEST_F(SqliteJournalFailure, SaysDiskFull) {
  auto connection = Connection::open(path);
  ASSERT_TRUE(connection);
  EXPECT_TRUE(connection->execute("PRAGMA max_page_count=3; CREATE TABLE t (x)"));
  const Result<> full = connection->execute("INSERT INTO t VALUES (zeroblob(100000))");
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code(), Errc::disk_full);
  EXPECT_TRUE(full.error().message().starts_with("journal " + path + ": INSERT INTO t"));
}

TEST_F(SqliteJournalFailure, ReportsADamagedRow) {
  {
    EXPECT_TRUE(create(*open(), 1));
  }
  {
    auto connection = Connection::open(path);
    ASSERT_TRUE(connection);
    EXPECT_TRUE(connection->execute("UPDATE uploads SET stored = '5-3'"));
  }
  const auto journal = open();
  const auto found = sluice::testing::run(journal->find_upload(sample_upload(1).token));
  EXPECT_EQ(found.error().code(), Errc::record_damaged);
  EXPECT_EQ(found.error().message().find(path), std::string::npos) << "clients read it";
}

runtime::Task<> create_and_say(SqliteJournal& journal, std::uint64_t first, int pipe) {
  for (std::uint64_t id = first;; id += 8) {
    std::vector<Change> changes;
    changes.emplace_back(CreateUpload{sample_upload(id)});
    if (!co_await journal.commit(std::move(changes)) ||
        ::write(pipe, &id, sizeof(id)) != sizeof(id)) {
      ::_exit(1);
    }
  }
}

runtime::Task<> create_for_ever(SqliteJournal& journal, Log& log, int pipe) {
  runtime::TaskGroup group(co_await boost::asio::this_coro::executor, log);
  for (std::uint64_t first = 1; first <= 8; ++first) {
    group.spawn("create", create_and_say(journal, first, pipe));
  }
  co_await group.wait(std::chrono::minutes(1));
}

TEST_F(SqliteJournalFailure, LosesNothingAcknowledgedWhenItsProcessIsKilled) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto journal = open();
    sluice::testing::run(create_for_ever(*journal, log, pipe[1]));
    ::_exit(1);
  }
  ::close(pipe[1]);
  std::vector<std::uint64_t> acknowledged;
  std::uint64_t id = 0;
  while (::read(pipe[0], &id, sizeof(id)) == sizeof(id)) {
    acknowledged.push_back(id);
    if (acknowledged.size() == 300) {
      ::kill(child, SIGKILL);
    }
  }
  ::close(pipe[0]);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  ASSERT_GE(acknowledged.size(), 300U);
  const auto journal = open();
  for (const std::uint64_t known : acknowledged) {
    EXPECT_TRUE(has(*journal, known)) << known;
  }
  EXPECT_GT(*sluice::testing::run(journal->next_upload_id()),
            *std::ranges::max_element(acknowledged));
}

}  // namespace
}  // namespace sluice::journal
