// SPDX-License-Identifier: MIT
#include "journal/sqlite_schema.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "base/clock.h"
#include "journal/extent_table.h"
#include "journal/upload_table.h"
#include "journal/video_table.h"
#include "support/temporary_directory.h"

namespace sluice::journal {
namespace {

class SqliteSchema : public ::testing::Test {
 protected:
  std::string refusal() {
    const auto connection = open_database(path, Durability::commit);
    EXPECT_FALSE(connection);
    return connection ? "" : connection.error().message();
  }

  sluice::testing::TemporaryDirectory directory;
  const std::string path = directory.path() + "/journal";
  Metrics metrics;
  NullLog log;
  DamagedRows damaged{metrics, log};
};

TEST_F(SqliteSchema, OpensAsAsked) {
  auto connection = open_database(path, Durability::commit);
  ASSERT_TRUE(connection) << connection.error().message();
  EXPECT_EQ(connection->query("PRAGMA journal_mode"), "wal");
  EXPECT_EQ(connection->query("PRAGMA locking_mode"), "exclusive");
  EXPECT_EQ(connection->query("PRAGMA synchronous"), "2");
  EXPECT_EQ(connection->query("PRAGMA foreign_keys"), "1");
  EXPECT_EQ(connection->query("PRAGMA temp_store"), "2");
  EXPECT_EQ(connection->query("PRAGMA user_version"), std::to_string(migration_steps().size()));
  EXPECT_FALSE(std::filesystem::exists(path + "-shm")) << "a second process could come in";
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(SqliteSchema, SyncsNothingWithoutDurability) {
  auto connection = open_database(path, Durability::none);
  ASSERT_TRUE(connection);
  EXPECT_EQ(connection->query("PRAGMA synchronous"), "0");
}

TEST_F(SqliteSchema, TakesOverWhatADeadProcessLeftInTheLog) {
  {
    auto connection = open_database(path, Durability::commit);
    ASSERT_TRUE(connection);
    EXPECT_TRUE(connection->execute("UPDATE counters SET value = 5"));
    std::filesystem::copy(path, path + "2");
    std::filesystem::copy(path + "-wal", path + "2-wal");
  }
  ASSERT_GT(std::filesystem::file_size(path + "2-wal"), 0U);
  auto copy = open_database(path + "2", Durability::commit);
  ASSERT_TRUE(copy);
  EXPECT_EQ(std::filesystem::file_size(path + "2-wal"), 0U);
  EXPECT_EQ(copy->query("SELECT value FROM counters"), "5");
}

TEST_F(SqliteSchema, RefusesASecondConnection) {
  auto first = open_database(path, Durability::commit);
  ASSERT_TRUE(first);
  EXPECT_EQ(refusal(), "journal " + path + " is in use by another process");
}

TEST_F(SqliteSchema, RefusesANewerJournal) {
  {
    auto connection = open_database(path, Durability::commit);
    ASSERT_TRUE(connection);
    EXPECT_TRUE(connection->execute("PRAGMA user_version=99"));
  }
  EXPECT_EQ(refusal(), "journal " + path + " has version 99, this program knows versions up to " +
                           std::to_string(migration_steps().size()) + ": use a newer one");
}

TEST_F(SqliteSchema, RefusesWhatIsNoJournal) {
  {
    auto connection = Connection::open(path);
    ASSERT_TRUE(connection);
    EXPECT_TRUE(connection->execute("CREATE TABLE theirs (x); PRAGMA user_version=1"));
  }
  EXPECT_EQ(refusal(), "journal " + path + " is a SQLite database of another program");
  std::ofstream(path, std::ios::trunc) << std::string(5000, 'x');
  EXPECT_EQ(refusal(), "journal " + path + " is not a SQLite database");
  std::filesystem::remove(path);
  std::filesystem::create_directory(path);
  EXPECT_NE(refusal(), "");
  const auto nowhere = open_database(directory.path() + "/none/journal", Durability::commit);
  EXPECT_FALSE(nowhere);
}

TEST_F(SqliteSchema, MigratesStepByStepAndKeepsWhatIsThere) {
  const std::array<const char*, 3> steps{
      "CREATE TABLE t (a); INSERT INTO t VALUES ('old')",
      "ALTER TABLE t ADD COLUMN b; UPDATE t SET b = 'new'",
      "INSERT INTO t VALUES ('half', 'done'); INSERT INTO nowhere VALUES (1)"};
  auto connection = Connection::open(path);
  ASSERT_TRUE(connection);
  EXPECT_TRUE(migrate(*connection, MigrationSteps(steps).first(1)));
  EXPECT_TRUE(migrate(*connection, MigrationSteps(steps).first(1))) << "nothing to do";
  EXPECT_TRUE(migrate(*connection, MigrationSteps(steps).first(2)));
  EXPECT_EQ(connection->query("SELECT a || b FROM t"), "oldnew");

  const Result<> failed = migrate(*connection, steps);
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message().find("migration to version 3 failed"), std::string::npos);
  auto reopened = Connection::open(path);
  connection = std::move(reopened);
  EXPECT_EQ(connection->query("SELECT count(*) FROM t"), "1") << "a step is all or nothing";
  EXPECT_EQ(connection->query("PRAGMA user_version"), "2");
}

class SqliteTables : public SqliteSchema {
 protected:
  // Executes the plan of each statement that the tables keep.
  static std::vector<std::string> plans(Connection& connection) {
    std::vector<std::string> statements;
    for (sqlite3_stmt* statement = sqlite3_next_stmt(connection.handle(), nullptr);
         statement != nullptr; statement = sqlite3_next_stmt(connection.handle(), statement)) {
      statements.emplace_back(sqlite3_sql(statement));
    }
    std::vector<std::string> lines;
    for (const std::string& sql : statements) {
      Result<Statement> plan = connection.prepare("EXPLAIN QUERY PLAN " + sql);
      EXPECT_TRUE(plan) << sql;
      Execution rows(*plan);
      while (*rows.step()) {
        rows.skip();
        rows.skip();
        rows.skip();
        lines.push_back(rows.take_bytes());
      }
    }
    return lines;
  }
};

TEST_F(SqliteTables, AnswerFromIndexesWithoutSorting) {
  auto connection = open_database(path, Durability::none);
  ASSERT_TRUE(connection);
  UploadTable uploads(*connection, damaged);
  VideoTable videos(*connection, damaged);
  ExtentTable extents(*connection, damaged);
  ASSERT_TRUE(uploads.prepare());
  ASSERT_TRUE(videos.prepare());
  ASSERT_TRUE(extents.prepare());
  const std::vector<std::string> lines = plans(*connection);
  EXPECT_GE(lines.size(), 14U);
  for (const std::string& line : lines) {
    const bool scans = line.starts_with("SCAN") && line.find("USING INDEX") == std::string::npos &&
                       line.find("USING COVERING INDEX") == std::string::npos;
    EXPECT_FALSE(scans) << line;
    EXPECT_EQ(line.find("TEMP B-TREE"), std::string::npos) << line;
  }
}

TEST_F(SqliteTables, KnowWhatIsPromisedAlsoFromBeforeItWasKept) {
  auto connection = Connection::open(path);
  ASSERT_TRUE(connection);
  ASSERT_TRUE(migrate(*connection, migration_steps().first(1)));
  const std::string rows =
      "INSERT INTO uploads (id, token, file_name, file_size, content_type, parameters, created_at,"
      " state, stored, expires_at, blob_present, attempts, next_attempt_at)"
      " SELECT column1, column1, x'', column2, x'', '{}', 1, column3, column4, 1, 1, 0, 0 FROM ";
  ASSERT_TRUE(connection->execute(rows + "(VALUES (1, 5000000000000, 'receiving', ''),"
                                         " (2, 300, 'receiving', '0-5'), (3, 70, 'receiving', ''),"
                                         " (4, 9, 'aborted', ''), (5, 0, 'received', ''))"));
  ASSERT_TRUE(migrate(*connection, migration_steps()));
  UploadTable uploads(*connection, damaged);
  ASSERT_TRUE(uploads.prepare());
  EXPECT_EQ(uploads.promised_bytes(), 5'000'000'000'070U);
  EXPECT_TRUE(connection->execute("UPDATE uploads SET owner = 'ann' WHERE id <> 1"));
  EXPECT_EQ(uploads.promised_to_owners(), (std::vector<PromisedRoom>{{3, "ann", 70}}));
  EXPECT_TRUE(connection->execute("UPDATE uploads SET stored = '0-1' WHERE id = 1"));
  EXPECT_EQ(uploads.promised_bytes(), 70U);
  EXPECT_TRUE(connection->execute("UPDATE uploads SET state = 'expired' WHERE id = 3"));
  EXPECT_EQ(uploads.promised_bytes(), 0U);
  // More than fits into 64 bits.
  EXPECT_TRUE(connection->execute(
      "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) " + rows +
      "(SELECT i + 10 AS column1, 9007199254740992 AS column2, 'receiving' AS column3,"
      " '' AS column4 FROM n)"));
  EXPECT_GE(*uploads.promised_bytes(), std::uint64_t{1} << 62U);
}

TEST_F(SqliteTables, BringRowsOfVersion2UpToDate) {
  auto connection = Connection::open(path);
  ASSERT_TRUE(connection);
  ASSERT_TRUE(migrate(*connection, migration_steps().first(2)));
  ASSERT_TRUE(connection->execute(
      "INSERT INTO uploads SELECT column1, 'token' || column1, x'', 9, x'', '{}', 1, column2,"
      " '0-9', 5, 1, 3, 0, NULL, NULL, NULL"
      " FROM (VALUES (1, 'receiving'), (2, 'received'), (3, 'delivering'), (4, 'delivered'));"
      "INSERT INTO videos VALUES ('v', 4, 1, 'success', 1, '{}', '{}')"));
  const Timestamp before = SystemClock().now() - std::chrono::seconds(1);
  ASSERT_TRUE(migrate(*connection, migration_steps()));
  UploadTable uploads(*connection, damaged);
  VideoTable videos(*connection, damaged);
  ASSERT_TRUE(uploads.prepare());
  ASSERT_TRUE(videos.prepare());
  for (std::uint64_t id = 1; id <= 4; ++id) {
    const auto record = uploads.find_by_id(id);
    ASSERT_TRUE(record && *record) << id;
    EXPECT_EQ((*record)->origin, "{}");
    EXPECT_EQ((*record)->owner + (*record)->progress.failure, "");
    EXPECT_FALSE((*record)->layout);
    EXPECT_EQ((*record)->progress.file_size, 9U) << "of older versions every size is known";
    const bool under_way = id == 2 || id == 3;
    EXPECT_EQ((*record)->progress.handoff_since >= before, under_way)
        << "a hand-off under way has all of its time before it";
  }
  EXPECT_EQ((*videos.find("v"))->owner, "");
}

TEST_F(SqliteTables, TakeTheDialectOfVersion15FromTheLayout) {
  auto connection = Connection::open(path);
  ASSERT_TRUE(connection);
  ASSERT_TRUE(migrate(*connection, migration_steps().first(15)));
  for (const std::string layout :
       {R"({"main_size":9,"part_size":4,"asked_in_json":true,"extra_files":[]})",
        R"({"main_size":9,"part_size":4,"asked_in_json":false,"extra_files":[]})", "", "damaged"}) {
    ASSERT_TRUE(connection->execute(
        ("INSERT INTO uploads (token, file_name, file_size, content_type, parameters, created_at,"
         " state, stored, expires_at, blob_present, attempts, next_attempt_at, layout) SELECT 't' "
         "|| count(*), x'', 9, x'', "
         "'{}',"
         " 1, 'receiving', '', 1, 1, 0, 0, '" +
         layout + "' FROM uploads")
            .c_str()));
  }
  ASSERT_TRUE(migrate(*connection, migration_steps()));
  const std::string without = R"({"main_size":9,"part_size":4,"extra_files":[]})";
  EXPECT_EQ(connection->query("SELECT group_concat(dialect || layout, ' ') FROM uploads"),
            "panda-json" + without + " panda" + without + " panda pandadamaged");
}

TEST_F(SqliteTables, TakeExtentsInAFileOfVersion19) {
  {
    auto connection = Connection::open(path);
    ASSERT_TRUE(connection);
    ASSERT_TRUE(migrate(*connection, migration_steps().first(19)));
    ASSERT_TRUE(connection->execute(
        "INSERT INTO uploads (id, token, file_name, file_size, content_type, parameters,"
        " created_at, state, stored, expires_at, blob_present, attempts, next_attempt_at)"
        " VALUES (1, 't', x'', 9, x'', '{}', 1, 'receiving', '0-9', 1, 1, 0, 0)"));
  }
  auto connection = open_database(path, Durability::none);
  ASSERT_TRUE(connection);
  ExtentTable extents(*connection, damaged);
  ASSERT_TRUE(extents.prepare());
  const std::vector<model::Extent> some{{{0, 4}, "a"}, {{4, 9}, "b", 2}};
  EXPECT_EQ(extents.read(1, 0, 9), std::vector<model::Extent>{});
  ASSERT_TRUE(extents.add(1, some));
  EXPECT_EQ(extents.read(1, 0, 9), some);
  EXPECT_TRUE(connection->execute("UPDATE uploads SET blob_present = 0"));
  EXPECT_EQ(extents.read(1, 0, 9), std::vector<model::Extent>{});
}

TEST_F(SqliteTables, AnExtentThatIsNoneIsADamagedRow) {
  auto connection = open_database(path, Durability::none);
  ASSERT_TRUE(connection);
  ExtentTable extents(*connection, damaged);
  ASSERT_TRUE(extents.prepare());
  std::size_t rows = 0;
  for (const char* const values : {"1, 5, 4, 'a', 0", "1, 5, 9, 'a', -1", "1, -5, 9, 'a', 0",
                                   "1, 0, 9223372036854775807, 'a', 0"}) {
    ASSERT_TRUE(
        connection->execute("DELETE FROM extents; INSERT INTO extents (rowid, upload_id,"
                            " first, last, object, object_begin) VALUES (" +
                            std::to_string(++rows) + ", " + values + ")"));
    const auto read = extents.read(1, 0, 9);
    EXPECT_TRUE(!read && read.error().code() == Errc::record_damaged) << values;
    EXPECT_EQ(damaged.known().size(), rows) << values;
  }
}

TEST_F(SqliteTables, OpenByAFewPagesHoweverManyUploadsThereAre) {
  {
    auto connection = open_database(path, Durability::none);
    ASSERT_TRUE(connection);
    ASSERT_TRUE(connection->execute(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)"
        " INSERT INTO uploads (id, token, file_name, file_size, content_type, parameters,"
        " created_at, state, stored, expires_at, blob_present, attempts, next_attempt_at)"
        " SELECT i, 'token' || i, x'', 9, x'', '{}', 1, 'receiving', '0-5', i, 1, 0, 0 FROM n"));
  }
  auto connection = open_database(path, Durability::none);
  ASSERT_TRUE(connection);
  UploadTable uploads(*connection, damaged);
  ASSERT_TRUE(uploads.prepare());
  EXPECT_EQ(uploads.last_id(), 50'000U);
  EXPECT_EQ(uploads.counts()->at(model::UploadState::receiving), 50'000U);
  EXPECT_EQ(uploads.promised_bytes(), 0U);
  int pages = 0;
  int unused = 0;
  sqlite3_db_status(connection->handle(), SQLITE_DBSTATUS_CACHE_MISS, &pages, &unused, 0);
  EXPECT_LT(pages, 30);
  EXPECT_GT(std::filesystem::file_size(path) / 4096, 1000U);
}

}  // namespace
}  // namespace sluice::journal
