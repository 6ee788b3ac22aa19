// SPDX-License-Identifier: MIT
// Rows of the journal that cannot be read: set aside, so that nothing that works on many rows stops
// at one. On the journal's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"
#include "journal/sqlite_connection.h"

namespace sluice::journal {

struct DamagedRow {
  std::string table;
  std::int64_t rowid = 0;
  std::string reason;
};

// The row as the SQL statement that would insert it; empty where there is none.
Result<std::string> to_sql(Connection& connection, const DamagedRow& row);

class DamagedRows {
 public:
  DamagedRows(Metrics& metrics, Log& log) : metrics_(metrics), log_(log) {}

  // Logs and counts a row when it is met for the first time. Returns record_damaged, with words for
  // the client that asked for the row.
  Error add(const char* table, std::int64_t rowid, std::string_view reason);
  // At most limits::damaged_rows_known_max of them.
  std::vector<DamagedRow> known() const;

 private:
  Metrics& metrics_;
  Log& log_;
  std::map<std::pair<std::string, std::int64_t>, std::string> reasons_;
};

// The first `count` records that can be read. For each row of `keys`, `read` takes the key from it
// and reads the record: the columns that may be damaged are none of those by which a page goes on.
template <class Record, class Read>
Result<std::vector<Record>> read_page(Execution& keys, std::size_t count, Read read) {
  std::vector<Record> records;
  while (records.size() < count) {
    const Result<bool> found = keys.step();
    if (!found) {
      return fail(found.error());
    }
    if (!*found) {
      break;
    }
    Result<std::optional<Record>> record = read(keys);
    if (!record && record.error().code() != Errc::record_damaged) {
      return fail(record.error());
    }
    if (record && *record) {
      records.push_back(std::move(**record));
    }
  }
  return records;
}

}  // namespace sluice::journal
