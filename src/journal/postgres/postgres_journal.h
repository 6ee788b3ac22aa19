// SPDX-License-Identifier: MIT
// The journal in PostgreSQL, for as many nodes as share it. A commit is one transaction and one
// message to the server; several wait for their syncs beside each other.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "journal/journal.h"
#include "journal/postgres/change_queries.h"
#include "journal/postgres/connection_pool.h"
#include "journal/postgres/query.h"
#include "journal/postgres/row_reader.h"
#include "journal/postgres/signals.h"

namespace sluice::journal::postgres {

// Calls are not tried again when the connection is lost: `unavailable` says that nothing has
// happened, and storage_failed that it may have. The server is expected to come back: the next call
// asks it anew, and healthy() stays true. The destructor waits for the calls that have begun; the
// executors of their callers must still live then.
class PostgresJournal final : public Journal {
 public:
  // Blocks. Makes the tables, or brings them up to date. Fails, and says what to do, when the
  // server cannot be reached, takes no changes, would lose confirmed ones at a power cut, or has
  // tables that are newer than this program.
  static Result<std::unique_ptr<PostgresJournal>> open(Settings settings, Metrics& metrics,
                                                       Log& log);
  // Blocks. For a program that only reads, beside nodes that may be running: fails where the tables
  // are not those that open() would make.
  static Result<std::unique_ptr<PostgresJournal>> look(Settings settings, Metrics& metrics,
                                                       Log& log);

  // Random text, the same for all nodes as long as the tables are.
  const std::string& secret() const noexcept { return secret_; }
  // For a journal that becomes this one: its secret, from the next open() on, and a number below
  // which it has used all.
  runtime::Task<Result<>> adopt(std::string secret, std::uint64_t next_upload_id);

  runtime::Task<Result<>> commit(std::vector<Change> changes) override;
  runtime::Task<Result<std::uint64_t>> next_upload_id() override;
  runtime::Task<Result<Promises>> promises() override;
  runtime::Task<Result<std::optional<model::UploadRecord>>> find_upload(std::string token) override;
  runtime::Task<Result<std::optional<model::UploadRecord>>> find_upload_by_id(
      std::uint64_t id) override;
  runtime::Task<Result<std::vector<model::UploadRecord>>> undelivered(std::uint64_t after,
                                                                      std::size_t count) override;
  runtime::Task<Result<std::vector<model::UploadRecord>>> due(Timestamp now, ExpiryPosition after,
                                                              std::size_t count) override;
  runtime::Task<Result<std::vector<Decided>>> decided(Decided after, Timestamp until,
                                                      std::size_t count) override;
  runtime::Task<Result<std::vector<model::UploadRecord>>> leftover_blobs(
      std::uint64_t after, std::size_t count) override;
  runtime::Task<Result<std::vector<model::UploadRecord>>> unsynced(std::uint64_t after,
                                                                   std::size_t count) override;
  runtime::Task<Result<std::vector<model::UploadRecord>>> unmade(std::uint64_t after,
                                                                 std::size_t count) override;
  runtime::Task<Result<std::vector<model::Extent>>> extents(std::uint64_t upload_id,
                                                            std::uint64_t from,
                                                            std::size_t count) override;
  runtime::Task<Result<std::map<model::UploadState, std::uint64_t>>> upload_counts() override;
  runtime::Task<Result<std::vector<OwnerUsage>>> owners(std::size_t count) override;
  runtime::Task<Result<std::vector<model::UploadRecord>>> list_uploads(UploadQuery query) override;
  runtime::Task<Result<std::optional<model::VideoRecord>>> find_video(std::string id) override;
  runtime::Task<Result<VideoPage>> list_videos(VideoQuery query) override;
  runtime::Task<Result<std::vector<model::VideoRecord>>> leftover_videos(
      std::string after, std::size_t count) override;
  // For reading all, page by page: those with an id above `after`, in order of id, tombstones too.
  runtime::Task<Result<std::vector<model::VideoRecord>>> videos_after(std::string after,
                                                                      std::size_t count);
  runtime::Task<Result<std::vector<model::Notification>>> next_notifications(
      std::size_t count) override;
  runtime::Task<Result<std::vector<std::uint64_t>>> claim(Work work, std::vector<std::uint64_t> ids,
                                                          Lease lease) override;
  runtime::Task<Result<>> release(Work work, std::vector<std::uint64_t> ids,
                                  std::string node) override;

  runtime::Task<Result<>> ping() override;
  bool is_shared() const noexcept override { return true; }
  // As it was at the last ping().
  Duration clock_offset() const noexcept override { return Duration(clock_offset_.load()); }
  Signals* signals() noexcept override { return &signals_; }
  bool healthy() const noexcept override { return true; }

 private:
  PostgresJournal(Settings settings, std::string secret, Duration clock_offset, Metrics& metrics,
                  Log& log);

  Result<> write(Connection& connection, const std::vector<Change>& changes,
                 const ChangeQueries& planned, Deadline deadline);

  template <class Record>
  using Reader = Result<Record> (RowReader::*)(ResultRow row);
  template <class Record>
  runtime::Task<Result<std::optional<Record>>> find(Query query, Reader<Record> read);
  // The first `count` records that can be read, of the rows of make_query(limit).
  template <class Record, class MakeQuery>
  runtime::Task<Result<std::vector<Record>>> page(MakeQuery make_query, std::size_t count,
                                                  Reader<Record> read);
  // What `take` makes of each row.
  template <class Value, class Take>
  runtime::Task<Result<std::vector<Value>>> values(Query query, Take take);

  // Adds to the page and moves the query on; true at the end.
  Result<bool> list_step(Connection& connection, UploadQuery& query,
                         std::vector<model::UploadRecord>& page, Deadline deadline);

  struct Numbers {
    std::uint64_t next = 0;
    std::uint64_t end = 0;
  };
  std::optional<std::uint64_t> number_at_hand();
  void keep_numbers(Numbers numbers);

  const std::string secret_;
  Metrics& metrics_;
  Log& log_;
  RowReader reader_;
  std::atomic<Duration::rep> clock_offset_;
  Mutex mutex_;
  Numbers numbers_ GUARDED_BY(mutex_);  // That no upload has yet, of this process.
  ConnectionPool pool_;                 // Ends before what its calls use.
  PostgresSignals signals_;
};

}  // namespace sluice::journal::postgres
