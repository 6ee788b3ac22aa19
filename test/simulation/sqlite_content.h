// SPDX-License-Identifier: MIT
// All that a journal holds, as a value that compares, and what changes make of it.
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
// What is left of it in another run of the machine.
void forget_unsynced(Content& content);
// Reads it from a journal, and SQLite's own opinion of it: a damaged file is an error.
Result<Content> read_all(journal::SqliteJournal& journal);

}  // namespace sluice::simulation
