// SPDX-License-Identifier: MIT
// The journal for a program that does one thing after the other: every call blocks.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/metrics.h"
#include "journal/postgres/postgres_journal.h"
#include "journal/sqlite_journal.h"
#include "runtime/worker.h"
#include "store/data_directory.h"

namespace sluice::fsck {

class BlockingJournal {
 public:
  static Result<std::unique_ptr<BlockingJournal>> open(const store::DataDirectory& data);
  // One that nodes share, which may be running.
  static Result<std::unique_ptr<BlockingJournal>> open(journal::postgres::Settings settings);

  // Above `after`, in order of id, at most limits::fsck_page_count.
  Result<std::vector<model::UploadRecord>> uploads_after(std::uint64_t after);
  Result<std::vector<model::VideoRecord>> videos_after(const std::string& after);
  // All of the upload, in order.
  Result<std::vector<model::Extent>> extents(std::uint64_t upload_id);
  Result<std::optional<model::UploadRecord>> find_upload(std::uint64_t id);
  Result<std::optional<model::VideoRecord>> find_video(const std::string& id);
  Result<> commit(journal::Change change);
  // The rows that the calls so far could not read, once each.
  std::int64_t unreadable_rows() const { return metrics_.damaged_rows.value(); }

  // Of one in a data directory, as SqliteJournal's. REQUIRES: it is none that nodes share.
  Result<std::vector<std::string>> integrity_problems();
  Result<std::vector<model::Notification>> notifications_after(std::uint64_t after);
  Result<std::vector<journal::DamagedRow>> damaged_rows();
  Result<std::string> row_as_sql(const journal::DamagedRow& row);
  Result<> remove_row(const journal::DamagedRow& row);
  Result<bool> has_extents();
  // Those that have bytes of the range.
  Result<> remove_extents(std::uint64_t upload_id, ByteRange range);

 private:
  BlockingJournal() = default;

  journal::Journal& journal() noexcept;
  journal::SqliteJournal& file() noexcept;
  template <class Value>
  Value wait(runtime::Task<Value> task);

  NullLog log_;
  Metrics metrics_;
  runtime::Worker worker_{"fsck", log_};
  // One of them; it ends before the worker of its callers.
  std::unique_ptr<journal::SqliteJournal> file_;
  std::unique_ptr<journal::postgres::PostgresJournal> tables_;
};

}  // namespace sluice::fsck
