// SPDX-License-Identifier: MIT
// The memory of Sluice: which uploads exist, which bytes of them are durable, and what the backend
// answered. One process owns a journal at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "journal/records.h"
#include "runtime/task.h"

namespace sluice::journal {

// Where a page ended that is in order of expires_at, and of id where that is the same.
struct ExpiryPosition {
  Timestamp expires_at = Timestamp::min();
  std::uint64_t id = 0;
};

struct VideoQuery {
  std::optional<std::string> status;  // Tombstones are never listed.
  std::size_t offset = 0;
  std::size_t count = 100;
  std::optional<std::string> owner = std::nullopt;  // Unset: everybody's.
};

// An upload that was refused or failed, and when: its place in the order of `decided`.
struct Decided {
  Timestamp at;
  std::uint64_t id = 0;

  friend bool operator==(const Decided&, const Decided&) = default;
};

struct VideoPage {
  std::vector<VideoRecord> records;  // Newest first.
  std::uint64_t total = 0;           // That match, on all pages.
};

// Room that the upload of an owner waits for.
struct PromisedRoom {
  std::uint64_t upload_id = 0;
  std::string owner;
  std::uint64_t bytes = 0;

  friend bool operator==(const PromisedRoom&, const PromisedRoom&) = default;
};

// Called from any worker; every call continues on its caller's executor. Failures are
// storage_failed, disk_full, and `internal` for a change that contradicts what the journal holds
// (an unknown id, a token twice).
//
// A row that cannot be read is set aside: a call that asks for it gets record_damaged, pages leave
// it out and go on behind it, and the log and the metrics say so.
class Journal {
 public:
  virtual ~Journal() = default;

  // Makes all of `changes` durable (but for those that may be lost), or none. Changes of many
  // callers share one transaction. After a failed commit the journal accepts no further change
  // until it is opened anew: what is on the disk is not known. After these the journal holds what
  // it held before and goes on: disk_full, and what affects no other caller: `internal` and the
  // refusals that records.h names.
  virtual runtime::Task<Result<>> commit(std::vector<Change> changes) = 0;

  // A number that no upload has or had, below 2^53.
  virtual std::uint64_t next_upload_id() = 0;

  // The sizes of all uploads in `receiving` of which nothing is stored, as they were when the
  // journal was opened.
  virtual std::uint64_t promised_bytes() const noexcept = 0;
  // Of these, the uploads that have an owner.
  virtual std::vector<PromisedRoom> promised_to_owners() const = 0;
  // How many uploads were in `receiving` when the journal was opened.
  virtual std::uint64_t unfinished_uploads() const noexcept = 0;

  virtual runtime::Task<Result<std::optional<UploadRecord>>> find_upload(std::string token) = 0;
  virtual runtime::Task<Result<std::optional<UploadRecord>>> find_upload_by_id(
      std::uint64_t id) = 0;
  // Uploads in `received` or `delivering` with an id above `after`, in order of id.
  virtual runtime::Task<Result<std::vector<UploadRecord>>> undelivered(std::uint64_t after,
                                                                       std::size_t count) = 0;
  // Uploads in any other state whose expires_at is not after `now`, behind `after`, in order of
  // expires_at and id.
  virtual runtime::Task<Result<std::vector<UploadRecord>>> due(Timestamp now, ExpiryPosition after,
                                                               std::size_t count) = 0;
  // Uploads in `refused` or `failed` with blob_present that were decided behind `after` and before
  // `until`, in that order.
  virtual runtime::Task<Result<std::vector<Decided>>> decided(Decided after, Timestamp until,
                                                              std::size_t count) = 0;
  // Uploads in `delivered`, `aborted` or `expired` with blob_present and an id above `after`,
  // in order of id.
  virtual runtime::Task<Result<std::vector<UploadRecord>>> leftover_blobs(std::uint64_t after,
                                                                          std::size_t count) = 0;
  // Uploads in `receiving` with unsynced bytes and an id above `after`, in order of id.
  virtual runtime::Task<Result<std::vector<UploadRecord>>> unsynced(std::uint64_t after,
                                                                    std::size_t count) = 0;
  virtual runtime::Task<Result<std::map<UploadState, std::uint64_t>>> upload_counts() = 0;

  virtual runtime::Task<Result<std::optional<VideoRecord>>> find_video(std::string id) = 0;
  virtual runtime::Task<Result<VideoPage>> list_videos(VideoQuery query) = 0;
  // Tombstones with source_present and an id above `after`, in order of id: their files are still
  // to be removed.
  virtual runtime::Task<Result<std::vector<VideoRecord>>> leftover_videos(std::string after,
                                                                          std::size_t count) = 0;

  // Of each upload the notification with the lowest id, those that are due first in front.
  virtual runtime::Task<Result<std::vector<Notification>>> next_notifications(
      std::size_t count) = 0;

  // False after a failed commit that was neither `internal` nor disk_full.
  virtual bool healthy() const noexcept = 0;
};

}  // namespace sluice::journal
