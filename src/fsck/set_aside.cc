// SPDX-License-Identifier: MIT
#include "fsck/set_aside.h"

#include <cstdint>
#include <utility>

#include "base/encoding.h"

namespace sluice::fsck {
namespace {

// Reads page after page; `read` gets the key of the last record and returns those behind it.
template <class Key, class Read>
Result<> read_all(Key last, Read read) {
  for (;;) {
    const auto page = read(last);
    if (!page) {
      return fail(page.error());
    }
    if (page->empty()) {
      return {};
    }
    last = page->back().id;
  }
}

}  // namespace

// Reading meets them.
Result<std::vector<journal::DamagedRow>> find_damaged_rows(BlockingJournal& journal) {
  Result<> read =
      read_all(std::uint64_t{0}, [&](std::uint64_t last) { return journal.uploads_after(last); });
  if (read) {
    read = read_all(std::string(),
                    [&](const std::string& last) { return journal.videos_after(last); });
  }
  if (read) {
    read = read_all(std::uint64_t{0},
                    [&](std::uint64_t last) { return journal.notifications_after(last); });
  }
  if (!read) {
    return fail(read.error());
  }
  return journal.damaged_rows();
}

std::string to_text(const journal::DamagedRow& row) {
  return "row " + std::to_string(row.rowid) + " of the journal's " + row.table +
         " cannot be read: " + row.reason + " is none of ours";
}

// The file first: should the process end in between, the next run finds the row again.
Result<std::string> set_aside(BlockingJournal& journal, LostAndFound& lost_and_found,
                              const journal::DamagedRow& row) {
  const Result<std::string> sql = journal.row_as_sql(row);
  if (!sql) {
    return fail(sql.error());
  }
  const std::string name = "journal/" + row.table + "-" + std::to_string(row.rowid) + ".sql";
  const Result<std::string> written = lost_and_found.put(name, *sql);
  if (!written) {
    return fail(written.error());
  }
  if (const Result<> removed = journal.remove_row(row); !removed) {
    return fail(removed.error());
  }
  return "moved to " + in_quotes(*written);
}

}  // namespace sluice::fsck
