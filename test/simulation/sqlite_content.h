// SPDX-License-Identifier: MIT
// The whole contents of a journal as a value that compares, and changes applied to it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "journal/sqlite_journal.h"

namespace sluice::simulation {

struct Content {
  std::map<std::uint64_t, model::UploadRecord> uploads;
  std::map<std::string, model::VideoRecord> videos;

  friend bool operator==(const Content&, const Content&) = default;
};

void apply_changes(Content& content, const std::vector<journal::Change>& changes);
// Removes the unsynced bytes, which another run of the machine does not have.
void forget_unsynced(Content& content);
// Reads the contents of a journal. A file that fails SQLite's integrity check is an error.
Result<Content> read_all(journal::SqliteJournal& journal);

}  // namespace sluice::simulation
