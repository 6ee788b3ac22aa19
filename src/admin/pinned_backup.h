// SPDX-License-Identifier: MIT
// The server's part of `sluice backup`: the journal's copy and second names of all files. The
// command copies them, so that a server in a sandbox needs no other directory, and no room.
#pragma once

#include <atomic>
#include <string>

#include "admin/backup_source.h"
#include "base/log.h"
#include "journal/sqlite_journal.h"
#include "runtime/blocking_pool.h"
#include "store/pinning_disk.h"

namespace sluice::admin {

// Any thread.
class PinnedBackup final : public BackupSource {
 public:
  // `directory` is the data directory. All outlive this. `journal` is null where it is in no file
  // of this machine: then no backup begins.
  PinnedBackup(journal::SqliteJournal* journal, store::PinningDisk& disk,
               runtime::BlockingPool& pool, std::string directory, Log& log)
      : journal_(journal), disk_(disk), pool_(pool), directory_(std::move(directory)), log_(log) {}

  runtime::Task<Result<>> begin() override;
  runtime::Task<Result<>> end() override;
  // Ends a backup whose command has died. A command that copies holds a lock on the data directory
  // itself (flock(2)), which goes with its process.
  runtime::Task<> end_abandoned();

 private:
  class Turn;

  journal::SqliteJournal* const journal_;
  store::PinningDisk& disk_;
  runtime::BlockingPool& pool_;
  const std::string directory_;
  Log& log_;
  std::atomic<bool> busy_{false};
};

}  // namespace sluice::admin
