// SPDX-License-Identifier: MIT
// Compares the journal with the files of a data directory that no server uses, or with the objects
// of a bucket, and repairs what was asked to be repaired. Never writes into a blob or a video and
// deletes nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "journal/postgres/connection.h"

namespace sluice::fsck {

class Bucket;

struct Options {
  std::string directory;
  bool repair = false;
  // Of the repairs: only that files which the journal does not explain are moved aside.
  bool moves_aside_alone = false;
  // The store of the server's objects; null: it is not looked at. Outlives the check.
  Bucket* bucket = nullptr;
  // Bytes of unfinished uploads in objects that the journal does not name are stored again.
  bool rebuild = false;
  // Whether a finding or a note of these words counts. Unset: all do.
  std::function<bool(const std::string& what)> counts = nullptr;
};

struct Summary {
  std::uint64_t uploads = 0;
  std::uint64_t videos = 0;
  std::uint64_t findings = 0;
  std::uint64_t repaired = 0;
  std::uint64_t notes = 0;  // Harmless; no findings.
};

// One line, without its end.
using Say = std::function<void(const std::string& line)>;

// Blocks. An error says why it could not check: no data directory, one in use, a journal that
// cannot be read. The lines before it stay true.
Result<Summary> run(const Options& options, const Clock& clock, const Say& say);

// The same of a journal that nodes share with their bucket, while they run: what changes under the
// eyes of one look is not found by a second one. Repairs nothing.
Result<Summary> run_shared(journal::postgres::Settings settings, Bucket& bucket, const Clock& clock,
                           const Say& say);

}  // namespace sluice::fsck
