// SPDX-License-Identifier: MIT
// How the journal is opened, over the server of the environment where there is one.
#include "journal/postgres/schema.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <thread>
#include <vector>

#include "journal/postgres/postgres_journal.h"
#include "support/tested_journal.h"

namespace sluice::journal::postgres {
namespace {

using sluice::testing::PostgresSchema;

class PostgresSchemaTest : public ::testing::TestWithParam<sluice::testing::JournalKind> {
 protected:
  // Empty: it opens.
  std::string refusal(const std::string& options = {}) {
    const auto opened = PostgresJournal::open(schema_.settings(options), metrics_, log_);
    return opened ? "" : opened.error().message();
  }
  Result<> migrate_by(MigrationSteps steps) {
    const auto connection = Connection::open(
        schema_.settings(), std::chrono::steady_clock::now() + std::chrono::minutes(1));
    return migrate(**connection, steps);
  }
  // Waits until the server has read its configuration again.
  void configure(const std::string& setting, const std::string& value) {
    schema_.execute("ALTER SYSTEM SET " + setting + " = " + value);
    schema_.execute("SELECT pg_reload_conf()");
    for (int tries = 0; tries < 1000; ++tries) {
      sluice::testing::PostgresSession session(sluice::testing::postgres_connection());
      const bool is_default = value == "DEFAULT";
      if ((session.execute("SHOW " + setting) == "off") != is_default) {
        return;
      }
      session.execute("SELECT pg_sleep(0.01)");
    }
    ADD_FAILURE() << setting;
  }

  PostgresSchema schema_;
  Metrics metrics_;
  NullLog log_;
};

TEST_P(PostgresSchemaTest, NodesThatStartAtOnceMakeTheTablesOnce) {
  std::array<std::string, 6> refusals;
  std::vector<std::thread> nodes;
  nodes.reserve(refusals.size());
  for (std::string& each : refusals) {
    nodes.emplace_back([this, &each] { each = refusal(); });
  }
  for (std::thread& node : nodes) {
    node.join();
  }
  for (const std::string& each : refusals) {
    EXPECT_EQ(each, "");
  }
  EXPECT_EQ(schema_.execute("SELECT count(*) FROM sluice_schema"),
            std::to_string(migration_steps().size()));
}

TEST_P(PostgresSchemaTest, EachStepIsMadeOnce) {
  const std::array steps{"CREATE TABLE a (b bigint)", "INSERT INTO a VALUES (1)",
                         "INSERT INTO a VALUES (2)"};
  ASSERT_TRUE(migrate_by(std::span(steps).first(2)));
  ASSERT_TRUE(migrate_by(steps));
  ASSERT_TRUE(migrate_by(steps));
  EXPECT_EQ(schema_.execute("SELECT string_agg(b::text, ' ' ORDER BY b) FROM a"), "1 2");
}

TEST_P(PostgresSchemaTest, AStepThatFailsLeavesNothing) {
  const std::array steps{"CREATE TABLE a (b bigint)", "SELECT nonsense"};
  const Result<> done = migrate_by(steps);
  ASSERT_FALSE(done);
  EXPECT_TRUE(done.error().message().contains("nonsense")) << done.error().message();
  EXPECT_EQ(schema_.execute("SELECT to_regclass('a') IS NULL"), "t");
  EXPECT_EQ(refusal(), "");
}

TEST_P(PostgresSchemaTest, SumsOfVersion1AreKept) {
  ASSERT_TRUE(migrate_by(migration_steps().first(1)));
  schema_.execute("INSERT INTO owners (name, sessions, bytes, records) VALUES ('ann', 2, 30, 4)");
  ASSERT_EQ(refusal(), "");
  schema_.execute("SELECT sluice_add_to_owner('ann', -1, 5, 0)");
  EXPECT_EQ(schema_.execute("SELECT sum(sessions) || ' ' || sum(bytes) || ' ' || sum(records)"
                            " FROM owners"),
            "1 35 4");
}

TEST_P(PostgresSchemaTest, NewerTablesAreRefused) {
  ASSERT_EQ(refusal(), "");
  schema_.execute("INSERT INTO sluice_schema (version) VALUES (1000)");
  EXPECT_EQ(refusal(),
            "PostgreSQL: the tables have version 1000, this program knows versions up to " +
                std::to_string(migration_steps().size()) + ": use a newer one");
}

TEST_P(PostgresSchemaTest, ALookMakesNoTables) {
  const auto looked = [this] {
    const auto opened = PostgresJournal::look(schema_.settings(), metrics_, log_);
    return opened ? "" : opened.error().message();
  };
  EXPECT_NE(looked(), "") << "there are none";
  ASSERT_TRUE(migrate_by(migration_steps().first(1)));
  EXPECT_EQ(looked(), "PostgreSQL: the tables have version 1, this program knows only version " +
                          std::to_string(migration_steps().size()) + ": use an older one");
  EXPECT_EQ(schema_.execute("SELECT max(version) FROM sluice_schema"), "1");
  ASSERT_EQ(refusal(), "");
  EXPECT_EQ(looked(), "");
}

TEST_P(PostgresSchemaTest, TablesOfAnotherProgramAreRefused) {
  schema_.execute("CREATE TABLE uploads (id text)");
  EXPECT_TRUE(refusal().contains("Sluice needs a database, or a schema, of its own")) << refusal();
}

TEST_P(PostgresSchemaTest, AServerThatWouldLoseCommitsIsRefused) {
  EXPECT_TRUE(refusal("-csynchronous_commit=off").contains("set synchronous_commit = on"));
  EXPECT_EQ(refusal("-csynchronous_commit=local"), "");
  configure("fsync", "off");
  EXPECT_TRUE(refusal().contains("set fsync = on"));
  configure("fsync", "DEFAULT");
  EXPECT_EQ(refusal(), "");
}

TEST_P(PostgresSchemaTest, AServerThatTakesNoChangesIsRefused) {
  const std::string message = refusal("-cdefault_transaction_read_only=on");
  EXPECT_TRUE(message.contains("connect to the primary server")) << message;
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PostgresSchemaTest);
INSTANTIATE_TEST_SUITE_P(The, PostgresSchemaTest, sluice::testing::only_postgres(),
                         sluice::testing::name_of);

}  // namespace
}  // namespace sluice::journal::postgres
