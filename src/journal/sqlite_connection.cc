// SPDX-License-Identifier: MIT
#include "journal/sqlite_connection.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <tuple>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/encoding.h"

namespace sluice::journal {
namespace {

// SQLITE_FULL is a write that found no room. A sync that finds none (SQLITE_IOERR_FSYNC with
// ENOSPC) is something else: it is unknown which pages are durable.
bool says_full(sqlite3* database, int code) {
  return (code & 0xFF) == SQLITE_FULL ||
         (code == SQLITE_IOERR_WRITE && sqlite3_system_errno(database) == EDQUOT);
}

// SQLite would create the file readable for everyone; it holds the secrets of all upload URLs. The
// write-ahead log takes over the file's mode. Never opens a file that is there: closing it again
// would drop the locks that SQLite has on it elsewhere in this process
// (https://sqlite.org/howtocorrupt.html 2.2).
Result<> create_private(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor >= 0) {
    ::close(descriptor);
  } else if (errno != EEXIST) {
    return fail(storage_error(errno, "create journal", path));
  }
  return {};
}

// Without statistics SQLite takes no lock for each piece of memory. Too late, and of no effect,
// when the program has used SQLite before.
void configure_library() {
  static const int once = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  std::ignore = once;
}

constexpr int lookaside_bytes = 1200;
constexpr int lookaside_count = 400;

}  // namespace

Error sqlite_error(sqlite3* database, int code, std::string_view operation) {
  const char* const file = sqlite3_db_filename(database, "main");
  const std::string name = "journal " + std::string(file == nullptr ? "" : file);
  const int primary = code & 0xFF;
  if (primary == SQLITE_BUSY || primary == SQLITE_LOCKED) {
    return Error(Errc::storage_failed, name + " is in use by another process");
  }
  if (primary == SQLITE_NOTADB) {
    return Error(Errc::storage_failed, name + " is not a SQLite database");
  }
  Errc kind = Errc::storage_failed;
  if (primary == SQLITE_CONSTRAINT) {
    kind = Errc::internal;
  } else if (says_full(database, code)) {
    kind = Errc::disk_full;
  }
  std::string message = name + ": " + std::string(operation) + ": " + sqlite3_errstr(code);
  if (sqlite3_extended_errcode(database) == code) {
    message += std::string(" (") + sqlite3_errmsg(database) + ")";
  }
  return Error(kind, std::move(message));
}

Execution::~Execution() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

void Execution::bound(int code) {
  if (bind_code_ == SQLITE_OK) {
    bind_code_ = code;
  }
}

void Execution::bind(std::int64_t value) {
  bound(sqlite3_bind_int64(statement_, ++parameter_, value));
}

// A null pointer would bind NULL instead of an empty value.
void Execution::bind_text(std::string_view value) {
  const char* const data = value.empty() ? "" : value.data();
  bound(sqlite3_bind_text64(statement_, ++parameter_, data, value.size(), SQLITE_STATIC,
                            SQLITE_UTF8));
}

void Execution::bind_blob(std::string_view value) {
  const char* const data = value.empty() ? "" : value.data();
  bound(sqlite3_bind_blob64(statement_, ++parameter_, data, value.size(), SQLITE_STATIC));
}

void Execution::bind_null() {
  bound(sqlite3_bind_null(statement_, ++parameter_));
}

Result<bool> Execution::step() {
  const int code = bind_code_ == SQLITE_OK ? sqlite3_step(statement_) : bind_code_;
  column_ = 0;
  if (code == SQLITE_ROW) {
    return true;
  }
  if (code == SQLITE_DONE) {
    return false;
  }
  return fail(sqlite_error(sqlite3_db_handle(statement_), code, sqlite3_sql(statement_)));
}

Result<> Execution::finish() {
  const Result<bool> row = step();
  if (!row) {
    return fail(row.error());
  }
  SLUICE_CHECK(!*row);
  return {};
}

bool Execution::next_is_null() const {
  return sqlite3_column_type(statement_, column_) == SQLITE_NULL;
}

std::int64_t Execution::take_integer() {
  return sqlite3_column_int64(statement_, column_++);
}

std::string Execution::take_bytes() {
  // In this order: asking for the pointer may convert the value and change its size.
  const void* const data = sqlite3_column_blob(statement_, column_);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column_));
  ++column_;
  return data == nullptr ? std::string() : std::string(static_cast<const char*>(data), size);
}

std::string Execution::take_literal() {
  if (column_ >= sqlite3_column_count(statement_)) {
    return {};
  }
  const int type = sqlite3_column_type(statement_, column_);
  if (type == SQLITE_NULL) {
    skip();
    return "NULL";
  }
  const std::string bytes = take_bytes();
  if (type == SQLITE_INTEGER || type == SQLITE_FLOAT) {
    return bytes;
  }
  // Bytes that a text editor would not show come in hex; text is cast back to text.
  const bool is_plain = type == SQLITE_TEXT &&
                        std::ranges::all_of(bytes, [](char c) { return c >= ' ' && c <= '~'; });
  if (!is_plain) {
    const std::string hex = "X'" + to_hex(as_bytes(bytes)) + "'";
    return type == SQLITE_TEXT ? "CAST(" + hex + " AS TEXT)" : hex;
  }
  std::string quoted = "'";
  for (const char c : bytes) {
    quoted += c == '\'' ? "''" : std::string(1, c);
  }
  return quoted + "'";
}

Result<Connection> Connection::open(const std::string& path) {
  configure_library();
  if (Result<> created = create_private(path); !created) {
    return fail(created.error());
  }
  sqlite3* database = nullptr;
  // No mutex: one thread uses it.
  const int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &database, flags, nullptr);
  Connection connection(database, path);
  if (code != SQLITE_OK) {
    return fail(sqlite_error(database, code, "open"));
  }
  connection.keep_log_at_close(true);
  // Room for what the statements of a transaction need, cursors and rows, instead of malloc().
  sqlite3_db_config(database, SQLITE_DBCONFIG_LOOKASIDE, nullptr, lookaside_bytes, lookaside_count);
  return connection;
}

void Connection::keep_log_at_close(bool keep) {
  const int code =
      sqlite3_db_config(database_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep ? 1 : 0, nullptr);
  SLUICE_CHECK(code == SQLITE_OK);
}

void Connection::fail_when_log_cannot_be_synced(int checkpoint_pages) {
  const auto checkpoint = [](void* pages_max, sqlite3* database, const char* name, int pages) {
    if (pages < *static_cast<const int*>(pages_max)) {
      return SQLITE_OK;
    }
    const int code =
        sqlite3_wal_checkpoint_v2(database, name, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    return code == SQLITE_IOERR_FSYNC ? code : SQLITE_OK;
  };
  checkpoint_pages_ = std::make_unique<int>(checkpoint_pages);
  sqlite3_wal_hook(database_.get(), checkpoint, checkpoint_pages_.get());
}

sqlite3_file* Connection::log_file() const {
  sqlite3_file* file = nullptr;
  const int code =
      sqlite3_file_control(database_.get(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
  return code == SQLITE_OK && file != nullptr && file->pMethods != nullptr ? file : nullptr;
}

Result<> Connection::rewrite_log() {
  sqlite3_file* const file = log_file();
  if (file == nullptr) {
    return {};
  }
  std::array<char, 16 * 1024> buffer{};
  sqlite3_int64 size = 0;
  int code = file->pMethods->xFileSize(file, &size);
  for (sqlite3_int64 at = 0; code == SQLITE_OK && at < size;) {
    const auto room = static_cast<sqlite3_int64>(buffer.size());
    const int count = static_cast<int>(std::min(room, size - at));
    code = file->pMethods->xRead(file, buffer.data(), count, at);
    if (code == SQLITE_OK) {
      code = file->pMethods->xWrite(file, buffer.data(), count, at);
    }
    at += count;
  }
  if (code != SQLITE_OK) {
    return fail(sqlite_error(database_.get(), code, "rewrite the write-ahead log"));
  }
  return sync_log();
}

Result<> Connection::sync_log() {
  sqlite3_file* const file = log_file();
  const int code = file == nullptr ? SQLITE_OK : file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
  if (code != SQLITE_OK) {
    return fail(sqlite_error(database_.get(), code, "sync the write-ahead log"));
  }
  return {};
}

Result<> Connection::execute(const std::string& sql) {
  const int code = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) {
    return fail(sqlite_error(database_.get(), code, sql));
  }
  return {};
}

Result<std::string> Connection::query(const std::string& sql) {
  Result<Statement> statement = prepare(sql);
  if (!statement) {
    return fail(statement.error());
  }
  Execution execution(*statement);
  const Result<bool> row = execution.step();
  if (!row) {
    return fail(row.error());
  }
  if (!*row) {
    return fail(Errc::storage_failed, "journal " + path_ + ": no answer to " + sql);
  }
  std::string answer = execution.take_bytes();
  // A PRAGMA's change is committed after its row: a failed change of the journal mode has already
  // reported success.
  if (const Result<bool> ended = execution.step(); !ended) {
    return fail(ended.error());
  }
  return answer;
}

Result<Statement> Connection::prepare(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT,
                                      &statement, nullptr);
  if (code != SQLITE_OK) {
    return fail(sqlite_error(database_.get(), code, sql));
  }
  return Statement(statement);
}

Result<> Connection::prepare_all(const std::vector<Preparation>& preparations) {
  for (const Preparation& preparation : preparations) {
    Result<Statement> statement = prepare(preparation.sql);
    if (!statement) {
      return fail(statement.error());
    }
    *preparation.statement = std::move(*statement);
  }
  return {};
}

}  // namespace sluice::journal
