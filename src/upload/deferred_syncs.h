// SPDX-License-Identifier: MIT
// Durability::interval: bytes are acknowledged when they are written, and synced soon after. And
// Durability::none, where the store leaves the syncs out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/range_set.h"
#include "journal/journal.h"
#include "runtime/task.h"
#include "store/store.h"
#include "upload/live_upload.h"
#include "upload/live_uploads.h"

namespace sluice::upload {

struct Settled {
  RangeSet synced;  // What the journal called unsynced when it began, and still does.
  std::vector<model::Extent> extents;
};
// Returns when all bytes that were written to the upload survive a power cut; with the extents of
// `named`, as Blob::settle(). After storage_failed the upload is distrusted, and the journal
// forgets its unsynced bytes.
runtime::Task<Result<Settled>> settle_all(LiveUpload& upload, store::Blob& blob, RangeSet named);

// The uploads with acknowledged bytes that are not synced yet. One round at a time; any worker may
// add and ask.
class DeferredSyncs {
 public:
  struct Parts {
    journal::Journal& journal;
    store::Store& store;
    LiveUploads& uploads;
    Log& log;
    Metrics& metrics;
  };
  explicit DeferredSyncs(Parts parts) : parts_(parts) {}

  // False: bytes are to be synced before they are acknowledged. Several callers at the same time
  // may all hear true.
  bool has_room() const;
  // Bytes of the upload were committed unsynced. The blob stays open until a round has synced them:
  // a failed write is reported to those that have it open.
  void add(std::shared_ptr<LiveUpload> upload, std::shared_ptr<store::Blob> blob);

  // When it succeeds, all that was acknowledged before it began survives a power cut. The first
  // ones also sync what an earlier process left; the value says whether there is more to do.
  runtime::Task<Result<bool>> round();

 private:
  struct Entry {
    std::shared_ptr<LiveUpload> upload;
    std::shared_ptr<store::Blob> blob;
  };
  struct Round {
    std::vector<Entry> uploads;
    std::size_t next = 0;
    std::size_t failed = 0;
    Error reason{Errc::internal, ""};  // Of the last one.
  };

  // One of a round that it could not sync.
  void put_back(Entry entry);
  runtime::Task<Result<>> take_inherited();
  runtime::Task<> sync_some(Round* round);
  static runtime::Task<Result<>> sync_one(LiveUpload& upload, store::Blob& blob);

  const Parts parts_;
  // These by rounds alone.
  bool has_inherited_ = true;
  std::uint64_t inherited_after_ = 0;
  std::optional<Error> passed_over_;  // Why one of them could not be taken.
  bool journal_lags_ = false;  // Something was committed that SyncJournal has yet to make durable.

  mutable Mutex mutex_;
  std::unordered_map<std::uint64_t, Entry> waiting_ GUARDED_BY(mutex_);  // By id.
  std::size_t in_round_ GUARDED_BY(mutex_) = 0;
};

}  // namespace sluice::upload
