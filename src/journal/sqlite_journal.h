// SPDX-License-Identifier: MIT
// The journal in one SQLite file.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/durability.h"
#include "base/log.h"
#include "base/metrics.h"
#include "journal/boot.h"
#include "journal/claims.h"
#include "journal/commit_queue.h"
#include "journal/damaged_rows.h"
#include "journal/journal.h"
#include "journal/sqlite_database.h"

namespace sluice::journal {

// Owns the file's only connection and the thread that uses it. Commits that wait while a
// transaction is being written go into the next one together. The destructor writes what waits; the
// executors of those callers must still live then.
class SqliteJournal final : public Journal {
 public:
  // Blocks. The file is created where there is none. Fails, naming the file, when another process
  // has it open, when it is newer than this program, and when it is something else than a journal.
  // `boot_id` tells whether the machine lost power since the last process had it: then unsynced
  // bytes are stored no longer. `blob_size` is asked once of a journal of version 13 or before that
  // a killed process left.
  static Result<std::unique_ptr<SqliteJournal>> open(const std::string& path, Durability durability,
                                                     Metrics& metrics, Log& log,
                                                     const std::string& boot_id = current_boot_id(),
                                                     const BlobSize& blob_size = {});
  ~SqliteJournal() override;

  runtime::Task<Result<>> commit(std::vector<Change> changes) override;
  runtime::Task<Result<std::uint64_t>> next_upload_id() override;
  runtime::Task<Result<Promises>> promises() override;
  runtime::Task<Result<std::optional<model::UploadRecord>>> find_upload(std::string token) override;
  runtime::Task<Result<std::optional<model::UploadRecord>>> find_upload_by_id(
      std::uint64_t id) override;
  runtime::Task<Result<std::vector<model::UploadRecord>>> undelivered(std::uint64_t after,
                                                                      std::size_t count) override;
  runtime::Task<Result<std::vector<model::UploadRecord>>> due(Timestamp now,
                                                              journal::ExpiryPosition after,
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
  runtime::Task<Result<std::vector<model::Notification>>> next_notifications(
      std::size_t count) override;
  runtime::Task<Result<std::vector<std::uint64_t>>> claim(Work work, std::vector<std::uint64_t> ids,
                                                          Lease lease) override;
  runtime::Task<Result<>> release(Work work, std::vector<std::uint64_t> ids,
                                  std::string node) override;

  // For reading the whole journal, page by page: the rows with an id above `after`, in order of id,
  // tombstones too.
  runtime::Task<Result<std::vector<model::UploadRecord>>> uploads_after(std::uint64_t after,
                                                                        std::size_t count);
  runtime::Task<Result<std::vector<model::VideoRecord>>> videos_after(std::string after,
                                                                      std::size_t count);
  runtime::Task<Result<std::vector<model::Notification>>> notifications_after(std::uint64_t after,
                                                                              std::size_t count);
  // By digest.
  runtime::Task<Result<std::vector<UseSignature>>> signatures_after(std::string after,
                                                                    std::size_t count);
  // Whether bytes of any upload lie in objects.
  runtime::Task<Result<bool>> has_extents();
  // The rows that were set aside since the journal was opened.
  runtime::Task<Result<std::vector<DamagedRow>>> damaged_rows();
  // The row as the SQL statement that would insert it; empty where there is none.
  runtime::Task<Result<std::string>> row_as_sql(DamagedRow row);
  // Only for a program that has the journal for itself.
  runtime::Task<Result<>> remove_row(DamagedRow row);
  // Only for such a program, too: the extents that have bytes of the range.
  runtime::Task<Result<>> remove_extents(std::uint64_t upload_id, ByteRange range);
  // The problems that SQLite finds in the whole file; a damaged file may also be an error.
  runtime::Task<Result<std::vector<std::string>>> integrity_problems();

  // Copies the file to `path`, where there is none, in steps between which the journal goes on. The
  // copy holds what was committed before this was called, and perhaps what came later. It is not
  // synced, and after an error of no use.
  runtime::Task<Result<>> copy_to(std::string path);

  bool healthy() const noexcept override { return database_->healthy(); }

 private:
  SqliteJournal(std::unique_ptr<SqliteDatabase> database, std::uint64_t last_upload_id);

  // Runs `work` on the journal's thread.
  template <class Work>
  runtime::Task<std::invoke_result_t<Work&>> read(Work work);
  // The same again and again, with transactions between, until `work` gives a value.
  template <class Work>
  runtime::Task<typename std::invoke_result_t<Work&>::value_type> read_in_steps(Work work);

  std::atomic<std::uint64_t> last_upload_id_;
  Claims claims_;
  const std::unique_ptr<SqliteDatabase> database_;  // The journal's thread alone uses it.
  CommitQueue queue_;                               // Last: ends before what it works on.
};

}  // namespace sluice::journal
