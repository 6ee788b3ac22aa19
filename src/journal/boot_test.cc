// SPDX-License-Identifier: MIT
#include "journal/boot.h"

#include <gtest/gtest.h>

#include "journal/sqlite_schema.h"
#include "journal/upload_table.h"
#include "support/temporary_directory.h"

namespace sluice::journal {
namespace {

class Boot : public ::testing::Test {
 protected:
  Boot() { reopen(); }

  void reopen() {
    connection.reset();
    auto opened = open_database(path, Durability::none);
    EXPECT_TRUE(opened) << opened.error().message();
    connection.emplace(*std::move(opened));
  }
  void insert(std::uint64_t id, const std::string& stored, const std::string& unsynced) {
    const std::string number = std::to_string(id);
    EXPECT_TRUE(
        connection->execute("INSERT INTO uploads (id, token, file_name, file_size,"
                            " content_type, parameters, created_at, state, stored,"
                            " unsynced, expires_at, blob_present, attempts,"
                            " next_attempt_at) VALUES (" +
                            number + ", 't" + number +
                            "', x'', 100, x'', '{}', 1,"
                            " 'receiving', '" +
                            stored + "', '" + unsynced + "', 5, 1, 0, 0)"));
  }
  std::string ranges(std::uint64_t id) {
    return *connection->query("SELECT stored || ' but ' || unsynced FROM uploads WHERE id = " +
                              std::to_string(id));
  }

  sluice::testing::TemporaryDirectory directory;
  const std::string path = directory.path() + "/journal";
  Metrics metrics;
  NullLog log;
  DamagedRows damaged{metrics, log};
  std::optional<Connection> connection;
};

TEST_F(Boot, UnsyncedBytesCountAsLongAsTheMachineRuns) {
  ASSERT_TRUE(take_over_boot(*connection, "first"));
  insert(1, "0-50", "20-50");
  ASSERT_TRUE(take_over_boot(*connection, "first"));
  reopen();
  ASSERT_TRUE(take_over_boot(*connection, "first"));
  EXPECT_EQ(ranges(1), "0-50 but 20-50");
}

TEST_F(Boot, AnotherRunOfTheMachineHasOnlyWhatWasSynced) {
  ASSERT_TRUE(take_over_boot(*connection, "first"));
  insert(1, "0-50", "20-50");
  insert(2, "0-50,60-100", "10-20,30-50,60-70");
  insert(3, "0-10", "0-10");
  insert(4, "0-7", "");
  reopen();
  ASSERT_TRUE(take_over_boot(*connection, "second"));
  EXPECT_EQ(ranges(1), "0-20 but ");
  EXPECT_EQ(ranges(2), "0-10,20-30,70-100 but ");
  EXPECT_EQ(ranges(3), " but ");
  EXPECT_EQ(ranges(4), "0-7 but ");
  reopen();
  insert(5, "0-9", "0-9");
  ASSERT_TRUE(take_over_boot(*connection, "second"));
  EXPECT_EQ(ranges(5), "0-9 but 0-9") << "the name of the new run is kept";
}

TEST_F(Boot, AnUnknownRunIsAnother) {
  insert(1, "0-50", "20-50");
  ASSERT_TRUE(take_over_boot(*connection, ""));
  EXPECT_EQ(ranges(1), "0-20 but ");
  insert(2, "0-50", "20-50");
  ASSERT_TRUE(take_over_boot(*connection, ""));
  EXPECT_EQ(ranges(2), "0-20 but ");
}

TEST_F(Boot, ADamagedRowStaysAsItIsAndConcernsNoOther) {
  ASSERT_TRUE(take_over_boot(*connection, "first"));
  insert(1, "0-50", "20-50");
  insert(2, "0-50", "fifty");
  insert(3, "0-50", "20-50");
  EXPECT_TRUE(take_over_boot(*connection, "second"));
  reopen();
  EXPECT_EQ(ranges(1), "0-20 but ");
  EXPECT_EQ(connection->query("SELECT unsynced FROM uploads WHERE id = 2"), "fifty");
  EXPECT_EQ(ranges(3), "0-20 but ");
}

TEST_F(Boot, EveryByteOfAnOlderJournalIsSynced) {
  const std::string old = directory.path() + "/old";
  auto before = Connection::open(old);
  ASSERT_TRUE(before);
  ASSERT_TRUE(migrate(*before, migration_steps().first(6)));
  ASSERT_TRUE(before->execute(
      "INSERT INTO uploads (id, token, file_name, file_size, content_type, parameters, created_at,"
      " state, stored, expires_at, blob_present, attempts, next_attempt_at)"
      " VALUES (1, 't', x'', 100, x'', '{}', 1, 'receiving', '0-50', 5, 1, 0, 0)"));
  ASSERT_TRUE(migrate(*before, migration_steps()));
  ASSERT_TRUE(take_over_boot(*before, "first"));
  UploadTable uploads(*before, damaged);
  ASSERT_TRUE(uploads.prepare());
  const auto record = uploads.find_by_id(1);
  ASSERT_TRUE(record && *record);
  EXPECT_EQ((*record)->progress.stored.to_text(), "0-50");
  EXPECT_TRUE((*record)->progress.unsynced.empty());
}

TEST_F(Boot, TheKernelNamesItsRun) {
  EXPECT_GE(current_boot_id().size(), 32U);
  EXPECT_EQ(current_boot_id(), current_boot_id());
}

}  // namespace
}  // namespace sluice::journal
