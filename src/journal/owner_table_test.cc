// SPDX-License-Identifier: MIT
#include "journal/owner_table.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/limits.h"
#include "journal/sqlite_journal.h"
#include "journal/sqlite_schema.h"
#include "support/run.h"
#include "support/temporary_directory.h"
#include "support/test_records.h"

namespace sluice::journal {
namespace {

using testing::at;
using testing::sample_upload;
using testing::sample_video;

class OwnerTableTest : public ::testing::Test {
 protected:
  OwnerTableTest() { open(); }

  void open() {
    journal.reset();
    auto opened = SqliteJournal::open(path, Durability::commit, metrics, log);
    EXPECT_TRUE(opened) << opened.error().message();
    journal = std::move(*opened);
  }
  Result<> commit(std::vector<Change> changes) {
    return sluice::testing::run(journal->commit(std::move(changes)));
  }
  static model::UploadRecord upload(std::uint64_t id, const std::string& owner,
                                    std::uint64_t size) {
    model::UploadRecord record = sample_upload(id);
    record.owner = owner;
    record.progress.file_size = record.file_size_max = size;
    return record;
  }
  static model::VideoRecord video(const std::string& id, const std::string& owner,
                                  std::uint64_t size) {
    model::VideoRecord record = sample_video(id);
    record.owner = owner;
    record.files_size = size;
    return record;
  }
  // "sessions bytes" of an owner, as the file has it.
  std::string usage(const std::string& owner) {
    journal.reset();
    auto connection = open_database(path, Durability::commit);
    EXPECT_TRUE(connection);
    const auto text = connection->query(
        "SELECT coalesce((SELECT sessions || ' ' || bytes FROM owners WHERE name = '" + owner +
        "'), 'none')");
    connection = fail(Errc::internal);
    open();
    return *text;
  }
  std::string records(const std::string& owner) {
    journal.reset();
    auto connection = open_database(path, Durability::commit);
    EXPECT_TRUE(connection);
    const auto text = connection->query("SELECT records FROM owners WHERE name = '" + owner + "'");
    connection = fail(Errc::internal);
    open();
    return *text;
  }
  static Errc code_of(const Result<>& result) {
    return result ? Errc::closed_by_peer : result.error().code();
  }

  sluice::testing::TemporaryDirectory directory;
  const std::string path = directory.path() + "/journal";
  Metrics metrics;
  NullLog log;
  std::unique_ptr<SqliteJournal> journal;
};

TEST_F(OwnerTableTest, FollowsUploadsThroughTheirLives) {
  ASSERT_TRUE(commit({CreateUpload{upload(1, "ann", 100)}, CreateUpload{upload(2, "ann", 20)},
                      CreateUpload{upload(3, "bob", 3)}}));
  EXPECT_EQ(usage("ann"), "2 120");
  model::UploadProgress progress = upload(1, "ann", 100).progress;
  progress.state = model::UploadState::received;
  ASSERT_TRUE(commit({UpdateUpload{1, progress}}));
  EXPECT_EQ(usage("ann"), "1 120") << "no session any more, and bytes that wait";
  progress.state = model::UploadState::delivered;
  ++progress.version;
  ASSERT_TRUE(commit({UpdateUpload{1, progress}, PutVideo{video("v", "ann", 100)}}));
  EXPECT_EQ(usage("ann"), "1 120");
  ASSERT_TRUE(commit({RemoveUpload{1}, RemoveUpload{2}}));
  EXPECT_EQ(usage("ann"), "0 100");
  EXPECT_EQ(usage("bob"), "1 3");
}

TEST_F(OwnerTableTest, ListsThoseWithTheMostBytes) {
  ASSERT_TRUE(commit({CreateUpload{upload(1, "ann", 100)}, CreateUpload{upload(2, "bob", 700)},
                      CreateUpload{upload(3, "bob", 20)}, CreateUpload{upload(4, "cid", 5)}}));
  const auto owners = sluice::testing::run(journal->owners(2));
  ASSERT_TRUE(owners);
  EXPECT_EQ(*owners, (std::vector<OwnerUsage>{{"bob", 2, 720, 2}, {"ann", 1, 100, 1}}));
}

TEST_F(OwnerTableTest, CountsAFileThatIsSetAside) {
  ASSERT_TRUE(commit({CreateUpload{upload(1, "ann", 100)}, CreateUpload{upload(2, "ann", 20)}}));
  model::UploadProgress progress = upload(1, "ann", 100).progress;
  for (const auto& [state, expected] : {std::pair(model::UploadState::delivering, "1 120"),
                                        std::pair(model::UploadState::set_aside, "1 120"),
                                        std::pair(model::UploadState::received, "1 120"),
                                        std::pair(model::UploadState::set_aside, "1 120"),
                                        std::pair(model::UploadState::refused, "1 120"),
                                        std::pair(model::UploadState::expired, "1 20")}) {
    progress.state = state;
    ASSERT_TRUE(commit({UpdateUpload{1, progress}}));
    EXPECT_EQ(usage("ann"), expected) << to_text(state);
    ++progress.version;
  }
  progress = upload(2, "ann", 20).progress;
  progress.state = model::UploadState::set_aside;
  ASSERT_TRUE(commit({UpdateUpload{2, progress}, RemoveUpload{2}}));
  EXPECT_EQ(usage("ann"), "0 0");
}

TEST_F(OwnerTableTest, FollowsVideosUntilTheirFilesAreGone) {
  ASSERT_TRUE(commit({PutVideo{video("v", "ann", 100)}, PutVideo{video("w", "ann", 5)}}));
  model::VideoRecord record = video("v", "ann", 100);
  record.status = "deleted";
  ASSERT_TRUE(commit({PutVideo{record}}));
  EXPECT_EQ(usage("ann"), "0 105");
  record.source_present = false;
  ASSERT_TRUE(commit({PutVideo{record}}));
  EXPECT_EQ(usage("ann"), "0 5");
  ASSERT_TRUE(commit({RemoveVideo{"v"}, RemoveVideo{"w"}}));
  EXPECT_EQ(usage("ann"), "0 0");
}

TEST_F(OwnerTableTest, CountsEveryRecordOnceForEach4KiBOfTexts) {
  const OwnerLimits limits{.sessions = std::nullopt, .bytes = std::nullopt, .records = 4};
  ASSERT_TRUE(commit({CreateUpload{upload(1, "ann", 1), limits}}));
  model::UploadRecord wordy = upload(2, "ann", 1);
  wordy.parameters = "{\"a\":\"" + std::string(3 * limits::record_text_bytes, 'x') + "\"}";
  EXPECT_EQ(code_of(commit({CreateUpload{wordy, limits}})), Errc::quota_exceeded);
  wordy.parameters.resize(2 * limits::record_text_bytes);
  ASSERT_TRUE(commit({CreateUpload{wordy, limits}}));
  EXPECT_EQ(records("ann"), "4");
  EXPECT_EQ(code_of(commit({CreateUpload{upload(3, "ann", 0), limits}})), Errc::quota_exceeded);

  model::UploadProgress progress = wordy.progress;
  progress.state = model::UploadState::delivered;
  ASSERT_TRUE(commit({UpdateUpload{2, progress}}));
  EXPECT_EQ(records("ann"), "4") << "its parameters are needed while there is a blob";
  progress.blob_present = false;
  ++progress.version;
  ASSERT_TRUE(commit({UpdateUpload{2, progress}, PutVideo{video("v", "ann", 0)}}));
  EXPECT_EQ(records("ann"), "3") << "a video of no bytes is a record, too";
  model::VideoRecord large = video("v", "ann", 0);
  large.document.assign(limits::record_text_bytes, 'x');
  ASSERT_TRUE(commit({PutVideo{large}}));
  EXPECT_EQ(records("ann"), "4");
  ASSERT_TRUE(commit({RemoveVideo{"v"}, RemoveUpload{1}, RemoveUpload{2}}));
  EXPECT_EQ(records("ann"), "0");
}

// Rows as version 9 kept them: its owners had neither extra files nor records.
TEST_F(OwnerTableTest, AMigrationCountsAgain) {
  journal.reset();
  std::filesystem::remove(path);
  {
    auto connection = Connection::open(path);
    ASSERT_TRUE(connection);
    ASSERT_TRUE(migrate(*connection, migration_steps().first(9)));
    const std::string upload =
        "INSERT INTO uploads (id, token, file_name, file_size, content_type, parameters, origin,"
        " owner, layout, created_at, state, stored, expires_at, blob_present, attempts,"
        " next_attempt_at) SELECT column1, column1, x'6e616d65', 100, x'74', column4, '{\"a\":1}',"
        " 'ann', '', 1, column2, '0-9', 1, column3, 0, 0 FROM (VALUES ";
    ASSERT_TRUE(connection->execute(
        upload + "(1, 'receiving', 1, '" + std::string(2 * limits::record_text_bytes, 'x') +
        "'), (2, 'aborted', 0, '{\"b\":2}'), (3, 'delivered', 0, '{\"c\":3}'),"
        " (4, 'failed', 1, '{\"d\":4}'))"));
    ASSERT_TRUE(connection->execute(
        "INSERT INTO videos (id, upload_id, created_at, status, source_present, document, metadata,"
        " owner) VALUES ('v', 3, 1, 'success', 1,"
        R"( '{"file_size":10,"extra_files":[{"file_size":200},{"file_size":3000}]}', '', 'ann'),)"
        " ('w', 3, 1, 'fail', 1, 'no JSON', '', 'ann'),"
        " ('x', 3, 1, 'deleted', 0, '{\"file_size\":7}', '', 'ann')"));
    EXPECT_EQ(connection->query("SELECT bytes FROM owners"), "210");
  }
  open();
  EXPECT_EQ(usage("ann"), "1 3410");
  EXPECT_EQ(records("ann"), "8");
  const auto find = [this](std::uint64_t id) {
    return **sluice::testing::run(journal->find_upload_by_id(id));
  };
  EXPECT_EQ(find(2).file_name + find(2).parameters + find(2).origin, "{}{}");
  EXPECT_TRUE(find(2).progress.stored.empty());
  EXPECT_EQ(find(3).file_name + find(3).parameters + find(3).content_type, "name{}");
  EXPECT_EQ(find(4).parameters, R"({"d":4})") << "it may be handed over again";
  EXPECT_EQ((*sluice::testing::run(journal->find_video("v")))->files_size, 3210U);
  EXPECT_FALSE(*sluice::testing::run(journal->find_video("x")));
}

TEST_F(OwnerTableTest, RefusesWhatGoesBeyondTheLimitsAndHarmsNobodyElse) {
  const OwnerLimits limits{.sessions = 2, .bytes = 100};
  ASSERT_TRUE(commit({CreateUpload{upload(1, "ann", 60), limits}}));
  EXPECT_EQ(code_of(commit({CreateUpload{upload(2, "ann", 41), limits}})), Errc::quota_exceeded);
  ASSERT_TRUE(commit({CreateUpload{upload(2, "ann", 40), limits}}));
  EXPECT_EQ(code_of(commit({CreateUpload{upload(3, "ann", 0), limits}})), Errc::too_many_sessions);
  EXPECT_TRUE(commit({CreateUpload{upload(3, "bob", 100), limits}}));
  EXPECT_TRUE(journal->healthy());
  EXPECT_EQ(usage("ann"), "2 100");
}

TEST_F(OwnerTableTest, AnUploadGetsItsOwnerLater) {
  model::UploadRecord nameless = upload(1, "", 1000);
  nameless.progress.file_size.reset();
  ASSERT_TRUE(commit({CreateUpload{nameless}, CreateUpload{upload(2, "ann", 90)}}));
  EXPECT_EQ(usage(""), "1 1000") << "of unknown size, it counts as much as it may have";
  const OwnerLimits limits{.sessions = std::nullopt, .bytes = 100};
  EXPECT_EQ(code_of(commit({RemoveUpload{1, 0}, CreateUpload{upload(1, "ann", 11), limits}})),
            Errc::quota_exceeded);
  EXPECT_EQ(usage(""), "1 1000");
  ASSERT_TRUE(commit({RemoveUpload{1, 0}, CreateUpload{upload(1, "ann", 10), limits}}));
  EXPECT_EQ(usage(""), "0 0");
  EXPECT_EQ(usage("ann"), "2 100");
}

TEST_F(OwnerTableTest, AFileWhoseSizeBecomesKnownCountsThat) {
  model::UploadRecord record = upload(1, "ann", 1000);
  record.progress.file_size.reset();
  ASSERT_TRUE(commit({CreateUpload{record}}));
  ASSERT_TRUE(commit({UpdateUpload{1, record.progress}}));
  EXPECT_EQ(usage("ann"), "1 1000");
  record.progress.version = 1;
  record.progress.file_size = 30;
  ASSERT_TRUE(commit({UpdateUpload{1, record.progress}}));
  EXPECT_EQ(usage("ann"), "1 30");
  const auto found = sluice::testing::run(journal->find_upload_by_id(1));
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->progress.file_size, 30U);
}

TEST_F(OwnerTableTest, ASignatureServesOnceAlsoAfterARestart) {
  const UseSignature use{"digest", at(1000), at(5000)};
  ASSERT_TRUE(commit({use, CreateUpload{upload(1, "ann", 1)}}));
  EXPECT_EQ(code_of(commit({use, CreateUpload{upload(2, "ann", 1)}})), Errc::not_authorized);
  open();
  EXPECT_EQ(code_of(commit({CreateUpload{upload(2, "ann", 1)}, use})), Errc::not_authorized);
  EXPECT_EQ(usage("ann"), "1 1") << "nothing of a refused commit remains";
  EXPECT_TRUE(journal->healthy());
}

TEST_F(OwnerTableTest, SignaturesAreForgottenWhenTheyHaveExpired) {
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(commit({UseSignature{"old " + std::to_string(i), at(i), at(1000)}}));
  }
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(commit({UseSignature{"new " + std::to_string(i), at(1000), at(2000)}}));
  }
  EXPECT_FALSE(commit({UseSignature{"new 0", at(1000), at(2000)}}));
  journal.reset();
  auto connection = open_database(path, Durability::commit);
  ASSERT_TRUE(connection);
  EXPECT_EQ(connection->query("SELECT count(*) FROM used_signatures"), "20");
}

TEST_F(OwnerTableTest, AForgottenSignatureServesNoRequestThatWasJudgedBefore) {
  const UseSignature used{"used", at(1000), at(2000)};
  ASSERT_TRUE(commit({used}));
  // A replay is checked at 1999, and waits for the application's answer; other requests come
  // meanwhile.
  ASSERT_TRUE(commit({UseSignature{"other", at(2000), at(3000)}}));
  const UseSignature replay{"used", at(1999), at(2000)};
  EXPECT_EQ(code_of(commit({replay, CreateUpload{upload(1, "ann", 1)}})), Errc::not_authorized);
  EXPECT_EQ(usage("ann"), "none");
  EXPECT_TRUE(commit({UseSignature{"late", at(1999), at(2001)}}));
}

TEST_F(OwnerTableTest, ListsTheVideosOfOneOwner) {
  model::VideoRecord failed = video("c", "ann", 1);
  failed.status = "fail";
  ASSERT_TRUE(
      commit({PutVideo{video("a", "ann", 1)}, PutVideo{video("b", "bob", 1)}, PutVideo{failed}}));
  VideoQuery query;
  query.owner = "ann";
  auto page = sluice::testing::run(journal->list_videos(query));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->total, 2U);
  EXPECT_EQ(page->records.size(), 2U);
  query.status = "fail";
  page = sluice::testing::run(journal->list_videos(query));
  ASSERT_EQ(page->records.size(), 1U);
  EXPECT_EQ(page->records.front().id, "c");
  EXPECT_EQ(page->total, 1U);
  query.owner = "nobody";
  EXPECT_EQ(sluice::testing::run(journal->list_videos(query))->total, 0U);
}

TEST_F(OwnerTableTest, CountsWhatWasThereBeforeItWas) {
  const std::string old = directory.path() + "/old";
  {
    auto connection = Connection::open(old);
    ASSERT_TRUE(connection);
    ASSERT_TRUE(migrate(*connection, migration_steps().first(3)));
    ASSERT_TRUE(connection->execute(
        "INSERT INTO uploads SELECT column1, 'token' || column1, x'', 9, x'', '{}', 1, column2,"
        " '0-9', 5, 1, 3, 0, NULL, NULL, NULL, '{}', 'ann', '', 0, x'', 0"
        " FROM (VALUES (1, 'receiving'), (2, 'received'), (3, 'delivered'), (4, 'refused'));"
        "INSERT INTO videos VALUES ('v', 4, 1, 'success', 1, '{\"file_size\":100}', '{}', 'ann')"));
  }
  auto connection = open_database(old, Durability::commit);
  ASSERT_TRUE(connection) << connection.error().message();
  EXPECT_EQ(connection->query("SELECT name || sessions || ' ' || bytes FROM owners"), "ann1 127");
}

}  // namespace
}  // namespace sluice::journal
