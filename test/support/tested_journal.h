// SPDX-License-Identifier: MIT
// Every journal there is, for the tests of what they all promise.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "journal/postgres/postgres_journal.h"
#include "journal/sqlite_journal.h"
#include "support/memory_journal.h"
#include "support/postgres_schema.h"
#include "support/run.h"
#include "support/temporary_directory.h"
#include "support/test_records.h"

namespace sluice::testing {

enum class JournalKind { memory, sqlite, postgres };

inline std::string name_of(const ::testing::TestParamInfo<JournalKind>& tested) {
  switch (tested.param) {
    case JournalKind::memory:
      return "memory";
    case JournalKind::sqlite:
      return "sqlite";
    case JournalKind::postgres:
      return "postgres";
  }
  return "";
}

// Those that are there: PostgreSQL where the tests were given one.
inline auto databases() {
  std::vector<JournalKind> kinds{JournalKind::sqlite};
  if (postgres_connection() != nullptr) {
    kinds.push_back(JournalKind::postgres);
  }
  return ::testing::ValuesIn(kinds);
}
inline auto only_postgres() {
  std::vector<JournalKind> kinds;
  if (postgres_connection() != nullptr) {
    kinds.push_back(JournalKind::postgres);
  }
  return ::testing::ValuesIn(kinds);
}
inline auto only_memory() {
  return ::testing::Values(JournalKind::memory);
}

class TestedJournal : public ::testing::TestWithParam<JournalKind> {
 protected:
  TestedJournal() {
    if (GetParam() == JournalKind::sqlite) {
      sqlite_ = *journal::SqliteJournal::open(directory_.path() + "/journal", Durability::none,
                                              metrics_, log_);
    } else if (GetParam() == JournalKind::postgres) {
      schema_.emplace();
      auto opened = journal::postgres::PostgresJournal::open(schema_->settings(), metrics_, log_);
      EXPECT_TRUE(opened) << opened.error().message();
      postgres_ = *std::move(opened);
    }
  }

  journal::Journal& journal() {
    if (sqlite_) {
      return *sqlite_;
    }
    if (postgres_) {
      return *postgres_;
    }
    return memory_;
  }
  Result<> commit(std::vector<journal::Change> changes) {
    return run(journal().commit(std::move(changes)));
  }
  // Any number of them: one call has a time limit, which a busy machine needs for a thousand.
  Result<> commit_in_steps(const std::vector<journal::Change>& changes) {
    constexpr std::ptrdiff_t step = 100;
    Result<> done;
    for (auto next = changes.begin(); done && next != changes.end();) {
      const auto end = next + std::min(step, changes.end() - next);
      done = commit({next, end});
      next = end;
    }
    return done;
  }
  Errc refusal(std::vector<journal::Change> changes) {
    const Result<> done = commit(std::move(changes));
    return done ? Errc::closed_by_peer : done.error().code();
  }
  std::optional<model::UploadRecord> find(std::uint64_t id) {
    return *run(journal().find_upload_by_id(id));
  }
  static model::UploadProgress based_on(std::uint64_t version) {
    model::UploadProgress progress = sample_upload(1).progress;
    progress.version = version;
    progress.attempts = static_cast<unsigned>(version) + 1;
    return progress;
  }

  TemporaryDirectory directory_;
  Metrics metrics_;
  NullLog log_;
  MemoryJournal memory_;
  std::unique_ptr<journal::SqliteJournal> sqlite_;
  std::optional<PostgresSchema> schema_;
  std::unique_ptr<journal::postgres::PostgresJournal> postgres_;
};

}  // namespace sluice::testing
