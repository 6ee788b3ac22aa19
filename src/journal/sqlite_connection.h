// SPDX-License-Identifier: MIT
// SQLite's handles as values with owners, and its result codes as Result. Knows no table.
#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "journal/columns.h"

namespace sluice::journal {

// disk_full when a write found no room, `internal` for a broken constraint, else storage_failed;
// names the file.
Error sqlite_error(sqlite3* database, int code, std::string_view operation);

struct SqliteCloser {
  void operator()(sqlite3* database) const noexcept { sqlite3_close_v2(database); }
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};

// A prepared statement, kept for many uses. Every use is an Execution.
class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

 private:
  friend class Execution;

  std::unique_ptr<sqlite3_stmt, SqliteCloser> statement_;
};

// One use of a statement: bind every parameter in order, step, take every column in order. Bound
// values must live as long as this. Its end lets go of the rows: an Execution that stays would hold
// up checkpoints.
class Execution final : public Places, public Fields {
 public:
  explicit Execution(Statement& statement) : statement_(statement.statement_.get()) {}
  ~Execution() override;
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;

  void bind(std::int64_t value) override;
  void bind_text(std::string_view value) override;
  void bind_blob(std::string_view value) override;
  void bind_null() override;

  // True when there is a row. Reports what went wrong while binding, too.
  Result<bool> step();
  // Calls `take`, which takes the columns, for each row.
  template <class Take>
  Result<> each_row(Take take) {
    for (;;) {
      const Result<bool> row = step();
      if (!row) {
        return fail(row.error());
      }
      if (!*row) {
        return {};
      }
      take();
    }
  }
  // For a statement that has no rows.
  Result<> finish();

  bool next_is_null() const override;
  std::int64_t take_integer() override;
  std::string take_bytes() override;
  // As SQL has it: a number, a quoted text, X'...'. Empty behind the last column.
  std::string take_literal();
  void skip() { ++column_; }

 private:
  void bound(int code);

  sqlite3_stmt* statement_;
  int bind_code_ = SQLITE_OK;
  int parameter_ = 0;
  int column_ = 0;
};

// An open database file. One thread at a time.
class Connection {
 public:
  // Creates the file, for its owner's eyes only, where there is none.
  static Result<Connection> open(const std::string& path);

  // Runs statements separated by semicolons; their rows are thrown away.
  Result<> execute(const std::string& sql);
  // The first column of the only row.
  Result<std::string> query(const std::string& sql);
  Result<Statement> prepare(const std::string& sql);

  struct Preparation {
    Statement* statement;
    std::string sql;
  };
  Result<> prepare_all(const std::vector<Preparation>& preparations);

  // Writes the bytes of the write-ahead log over themselves and syncs them. After a failed sync the
  // kernel may hold bytes in memory that it calls clean and that are not on the disk; after this
  // they are.
  Result<> rewrite_log();
  Result<> sync_log();
  // Without it the log is brought into the database when the connection is closed. That must not
  // happen after a failed sync: SQLite would sync again, hear of a success, and copy what the
  // kernel has dropped. A connection begins with true.
  void keep_log_at_close(bool keep);
  // Brings the log into the database whenever a commit has made it this long, as
  // PRAGMA wal_autocheckpoint does; but when a sync fails on the way, that commit reports it.
  void fail_when_log_cannot_be_synced(int checkpoint_pages);

  // Rows that the last INSERT, UPDATE or DELETE changed, triggers not counted.
  std::int64_t changes() const noexcept { return sqlite3_changes64(database_.get()); }
  // Whether the last call failed because what it read is not what SQLite has written.
  bool has_found_corruption() const noexcept {
    return (sqlite3_errcode(database_.get()) & 0xFF) == SQLITE_CORRUPT;
  }
  bool in_transaction() const noexcept { return sqlite3_get_autocommit(database_.get()) == 0; }
  const std::string& path() const noexcept { return path_; }
  sqlite3* handle() const noexcept { return database_.get(); }

 private:
  Connection(sqlite3* database, std::string path) : database_(database), path_(std::move(path)) {}
  // Null while there is none.
  sqlite3_file* log_file() const;

  std::unique_ptr<int> checkpoint_pages_;  // Where it is when the connection is moved.
  std::unique_ptr<sqlite3, SqliteCloser> database_;
  std::string path_;
};

}  // namespace sluice::journal
