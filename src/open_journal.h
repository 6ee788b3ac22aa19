// SPDX-License-Identifier: MIT
// The journal that the settings name, with what is the same for all nodes that share it.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"
#include "config/config.h"
#include "journal/boot.h"
#include "journal/journal.h"
#include "journal/postgres/connection.h"
#include "journal/sqlite_journal.h"
#include "store/data_directory.h"

namespace sluice {

struct OpenJournal {
  std::unique_ptr<journal::Journal> journal;
  journal::SqliteJournal* file = nullptr;  // The same, where it is a file of the data directory.
  std::string secret;                      // Random text that lives as long as the journal.
  std::string node;                        // This process, among those that share the journal.
};

// Blocks. `blob_size` as SqliteJournal::open() has it. Errors are for the operator.
Result<OpenJournal> open_journal(const config::Config& config, const store::DataDirectory& data,
                                 const journal::BlobSize& blob_size, Metrics& metrics, Log& log);

// Reads the password. REQUIRES: config.shares_journal().
Result<journal::postgres::Settings> postgres_settings(const config::Config& config);

}  // namespace sluice
