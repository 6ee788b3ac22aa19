// SPDX-License-Identifier: MIT
// The tables of the journal's SQLite file, and the transactions that change them.
#pragma once

#include <atomic>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/durability.h"
#include "base/log.h"
#include "base/metrics.h"
#include "journal/commit_queue.h"
#include "journal/damaged_rows.h"
#include "journal/extent_table.h"
#include "journal/notification_table.h"
#include "journal/owner_table.h"
#include "journal/sqlite_connection.h"
#include "journal/upload_table.h"
#include "journal/video_table.h"

namespace sluice::journal {

// On the journal's thread, but for healthy(), which any thread may ask.
class SqliteDatabase {
 public:
  SqliteDatabase(Connection opened, Durability durability, Metrics& metrics, Log& log)
      : connection(std::move(opened)),
        damaged(metrics, log),
        owners(connection),
        uploads(connection, damaged),
        extents(connection, damaged),
        videos(connection, damaged),
        notifications(connection, damaged),
        durability_(durability),
        metrics_(metrics),
        log_(log) {}
  // Once, before anything else, when the schema is there.
  Result<> prepare();

  // In one transaction, but for commits that are refused: these affect no other. Calls `done` of
  // each.
  void write_batch(std::span<Commit> commits);
  // As Journal::healthy().
  bool healthy() const noexcept { return healthy_.load(std::memory_order_relaxed); }
  // As Journal::promises().
  Result<Promises> promises();
  // As SqliteJournal::integrity_problems().
  Result<std::vector<std::string>> integrity_problems();

  Connection connection;
  DamagedRows damaged;
  OwnerTable owners;
  UploadTable uploads;
  ExtentTable extents;
  VideoTable videos;
  NotificationTable notifications;

 private:
  // For the next transaction. Only with Durability::interval.
  Result<> set_synced(bool synced);
  Result<> write_transaction(std::span<Commit> commits);
  Result<> try_transaction(std::span<Commit> commits);
  Result<> run_transaction(std::span<Commit> commits);
  void stop_for_good();
  Result<> apply_all(std::span<Commit> commits);
  Result<> apply(const Change& change);
  Result<> create(const CreateUpload& create);
  Result<> update(const UpdateUpload& update);

  const Durability durability_;
  Metrics& metrics_;
  Log& log_;
  std::atomic<bool> healthy_{true};
  bool is_synced_ = true;
  Statement begin_;
  Statement commit_;
  Statement rollback_;
  Statement empty_log_;
};

}  // namespace sluice::journal
