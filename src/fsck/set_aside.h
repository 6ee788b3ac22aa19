// SPDX-License-Identifier: MIT
// Rows of the journal that cannot be read, which --repair takes out of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "fsck/blocking_journal.h"
#include "fsck/lost_and_found.h"

namespace sluice::fsck {

// A file of a row that cannot be read is explained for as long as the row is there.
template <class Record>
bool is_set_aside(const Result<std::optional<Record>>& found) {
  return !found && found.error().code() == Errc::record_damaged;
}

// All that there are in the tables, once each.
Result<std::vector<journal::DamagedRow>> find_damaged_rows(BlockingJournal& journal);

std::string to_text(const journal::DamagedRow& row);

// Writes the row to lost+found as the SQL statement that would put it back, then removes it.
// Returns what was done.
Result<std::string> set_aside(BlockingJournal& journal, LostAndFound& lost_and_found,
                              const journal::DamagedRow& row);

}  // namespace sluice::fsck
