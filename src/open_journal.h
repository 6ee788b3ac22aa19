// SPDX-License-Identifier: MIT
// The journal that the settings name, with what is the same for all nodes that share it.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"
#include "config/config.h"
#include "journal/boot.h"
#include "journal/journal.h"
#include "journal/postgres/import.h"
#include "journal/sqlite_journal.h"
#include "store/data_directory.h"

namespace sluice {

struct OpenJournal {
  std::unique_ptr<journal::Journal> journal;
  journal::SqliteJournal* file = nullptr;  // The same, where it is a file of the data directory.
  std::string secret;                      // Random text that lives as long as the journal.
  std::string node;                        // This process, among those that share the journal.
};

// The time of the journal, which is the same on all nodes.
class JournalClock final : public Clock {
 public:
  // Both outlive it. A journal that has ended counts no longer.
  JournalClock(const Clock& wall, const OpenJournal& opened) : wall_(wall), opened_(opened) {}

  Timestamp now() const noexcept override {
    return wall_.now() + (opened_.journal ? opened_.journal->clock_offset() : Duration::zero());
  }

 private:
  const Clock& wall_;
  const OpenJournal& opened_;
};

// Blocks. `blob_size` as SqliteJournal::open() has it. Errors are for the operator.
Result<OpenJournal> open_journal(const config::Config& config, const store::DataDirectory& data,
                                 const journal::BlobSize& blob_size, Metrics& metrics, Log& log);

// Blocks: reads the password. REQUIRES: config.shares_journal().
Result<journal::postgres::Settings> postgres_settings(const config::Config& config);

// Blocks. Whether the server of a shared journal can be used, without a change to it. REQUIRES:
// as above.
Result<> try_journal(const config::Config& config);

// Blocks. The journal of the data directory becomes the shared one that the settings name; its file
// has another name then. REQUIRES: as above.
Result<journal::postgres::Imported> move_journal(const config::Config& config,
                                                 const store::DataDirectory& data);

}  // namespace sluice
