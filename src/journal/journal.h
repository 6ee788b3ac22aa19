// SPDX-License-Identifier: MIT
// The memory of Sluice: which uploads exist, which bytes of them are durable, and what the backend
// answered. One process owns a journal at a time, unless it is shared.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "journal/changes.h"
#include "model/extent.h"
#include "model/notification.h"
#include "model/upload.h"
#include "model/video.h"
#include "runtime/task.h"

namespace sluice::journal {

class Signals;

// Where a page ended that is in order of expires_at, and of id where that is the same.
struct ExpiryPosition {
  Timestamp expires_at = Timestamp::min();
  std::uint64_t id = 0;
};

struct VideoQuery {
  // Tombstones are never listed. Unset: all videos, which files that are none (`stored`) are not.
  std::optional<std::string> status;
  std::size_t offset = 0;
  std::size_t count = 100;
  std::optional<std::string> owner = std::nullopt;  // Unset: all.
};

struct UploadQuery {
  std::optional<model::UploadState> state = std::nullopt;
  std::optional<std::string> owner = std::nullopt;  // Unset: all.
  std::uint64_t after = 0;                          // Uploads behind this one; 0: from the first.
  std::size_t count = 100;
  bool is_newest_first = false;
};

// An upload that was refused or failed, and when: its place in the order of `decided`.
struct Decided {
  Timestamp at;
  std::uint64_t id = 0;

  friend bool operator==(const Decided&, const Decided&) = default;
};

struct VideoPage {
  std::vector<model::VideoRecord> records;  // Newest first.
  std::uint64_t total = 0;                  // That match, on all pages.
};

// Room that the upload of an owner waits for.
struct PromisedRoom {
  std::uint64_t upload_id = 0;
  std::string owner;
  std::uint64_t bytes = 0;

  friend bool operator==(const PromisedRoom&, const PromisedRoom&) = default;
};

// What an owner has, as OwnerLimits counts it.
struct OwnerUsage {
  std::string owner;
  std::uint64_t sessions = 0;
  std::uint64_t bytes = 0;
  std::uint64_t records = 0;

  friend bool operator==(const OwnerUsage&, const OwnerUsage&) = default;
};

// The room that unfinished uploads wait for.
struct Promises {
  std::uint64_t bytes = 0;                   // Of all uploads in `receiving` with nothing stored.
  std::vector<PromisedRoom> to_owners = {};  // Of these, the uploads that have an owner.
  std::uint64_t unfinished_uploads = 0;      // In `receiving`.
};

// Work that one node at a time does for a row.
enum class Work { delivery, notification, concatenation };

// How long a node holds a row that it works on, unless it claims it again.
struct Lease {
  // The same after a restart: a node takes up at once what it held. That is safe because two
  // processes never have one name: it belongs to a data directory, whose lock one process has.
  // Where the journal is not shared there is one node.
  std::string node = "server";
  Duration duration{std::chrono::seconds(30)};
};

// Called from any worker; every call continues on its caller's executor. Failures are
// storage_failed, disk_full, `unavailable` where a server that holds the journal does not answer or
// does not take the change now, and `internal` for a change that contradicts what the journal holds
// (an unknown id, an id twice).
//
// A row that cannot be read is set aside: a call that asks for it gets record_damaged, pages leave
// it out and go on behind it, and the log and the metrics say so.
class Journal {
 public:
  virtual ~Journal() = default;

  // Makes all of `changes` durable (but for those that may be lost), or none. Changes of many
  // callers may share one transaction.
  //
  // After these errors the journal holds what it held before: disk_full, `unavailable`, and what
  // affects no other caller: `internal` and the refusals that changes.h names, `conflict` among
  // them. After storage_failed the outcome is unknown: the changes may have been made, or may still
  // be made later. A caller then acknowledges nothing, and removes nothing that the changes name.
  // Whether they were made it learns when a later change of the same upload is a `conflict`, and it
  // reads the record again.
  virtual runtime::Task<Result<>> commit(std::vector<Change> changes) = 0;

  // A number that no upload has or had, below 2^53. A shared journal reserves a block of numbers
  // for its process: most calls return at once.
  virtual runtime::Task<Result<std::uint64_t>> next_upload_id() = 0;

  // Of the uploads that are there now.
  virtual runtime::Task<Result<Promises>> promises() = 0;

  virtual runtime::Task<Result<std::optional<model::UploadRecord>>> find_upload(
      std::string token) = 0;
  virtual runtime::Task<Result<std::optional<model::UploadRecord>>> find_upload_by_id(
      std::uint64_t id) = 0;
  // Uploads in `received` or `delivering` with an id above `after`, in order of id.
  virtual runtime::Task<Result<std::vector<model::UploadRecord>>> undelivered(
      std::uint64_t after, std::size_t count) = 0;
  // Uploads in any other state whose expires_at is not after `now`, behind `after`, in order of
  // expires_at and id.
  virtual runtime::Task<Result<std::vector<model::UploadRecord>>> due(Timestamp now,
                                                                      ExpiryPosition after,
                                                                      std::size_t count) = 0;
  // Uploads in `refused` or `failed` with blob_present that were decided behind `after` and before
  // `until`, in that order.
  virtual runtime::Task<Result<std::vector<Decided>>> decided(Decided after, Timestamp until,
                                                              std::size_t count) = 0;
  // Uploads in `delivered`, `aborted` or `expired` with blob_present and an id above `after`,
  // in order of id.
  virtual runtime::Task<Result<std::vector<model::UploadRecord>>> leftover_blobs(
      std::uint64_t after, std::size_t count) = 0;
  // Uploads in `receiving` with unsynced bytes and an id above `after`, in order of id.
  virtual runtime::Task<Result<std::vector<model::UploadRecord>>> unsynced(std::uint64_t after,
                                                                           std::size_t count) = 0;
  // Uploads in `receiving` whose files are made of partial uploads, with an id above `after`, in
  // order of id.
  virtual runtime::Task<Result<std::vector<model::UploadRecord>>> unmade(std::uint64_t after,
                                                                         std::size_t count) = 0;
  // The extents of the upload that end behind the byte `from`, in order. None where it is not there
  // or has no blob.
  virtual runtime::Task<Result<std::vector<model::Extent>>> extents(std::uint64_t upload_id,
                                                                    std::uint64_t from,
                                                                    std::size_t count) = 0;
  virtual runtime::Task<Result<std::map<model::UploadState, std::uint64_t>>> upload_counts() = 0;
  // Those with the most bytes, of the first limits::credentials_max owners by name.
  virtual runtime::Task<Result<std::vector<OwnerUsage>>> owners(std::size_t count) = 0;
  // A page in order of id, or against it where the newest come first.
  virtual runtime::Task<Result<std::vector<model::UploadRecord>>> list_uploads(
      UploadQuery query) = 0;

  virtual runtime::Task<Result<std::optional<model::VideoRecord>>> find_video(std::string id) = 0;
  virtual runtime::Task<Result<VideoPage>> list_videos(VideoQuery query) = 0;
  // Tombstones with source_present and an id above `after`, in order of id: their files are still
  // to be removed.
  virtual runtime::Task<Result<std::vector<model::VideoRecord>>> leftover_videos(
      std::string after, std::size_t count) = 0;

  // Of each upload the notification with the lowest id, those that are due first in front.
  virtual runtime::Task<Result<std::vector<model::Notification>>> next_notifications(
      std::size_t count) = 0;

  // Of `ids`, those that no other node holds. The node of `lease` holds them from now on, by the
  // journal's clock, until the lease ends or it releases them. A claim that it has is renewed. A
  // node that was stopped for longer than its lease works beside the next one: only the version of
  // what it commits protects the record then.
  virtual runtime::Task<Result<std::vector<std::uint64_t>>> claim(Work work,
                                                                  std::vector<std::uint64_t> ids,
                                                                  Lease lease) = 0;
  // Rows that other nodes hold stay theirs.
  virtual runtime::Task<Result<>> release(Work work, std::vector<std::uint64_t> ids,
                                          std::string node) = 0;

  // Whether it answers now, for a balancer that asks for the node's health.
  virtual runtime::Task<Result<>> ping() { co_return Result<>(); }

  // Other engines may change what it holds, at the same time.
  virtual bool is_shared() const noexcept { return false; }
  // What this machine's wall clock lacks to that of the journal, by which all engines go; zero
  // where it is near, or the journal has no clock.
  virtual Duration clock_offset() const noexcept { return Duration::zero(); }
  // Of these engines to each other; null where they tell each other nothing.
  virtual Signals* signals() noexcept { return nullptr; }

  // False when it accepts no further change until it is opened anew. A journal in one local file is
  // so after a commit with an unknown outcome; one that is shared goes on.
  virtual bool healthy() const noexcept = 0;
};

}  // namespace sluice::journal
