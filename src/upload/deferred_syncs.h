// SPDX-License-Identifier: MIT
// Durability::interval: bytes are acknowledged when they are written, and synced soon after. And
// Durability::none, where a round leaves the syncs out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/range_set.h"
#include "journal/journal.h"
#include "runtime/buffer_pool.h"
#include "runtime/task.h"
#include "store/store.h"
#include "upload/live_upload.h"
#include "upload/live_uploads.h"

namespace sluice::upload {

// Returns when all stored bytes of the upload, and what was written to `blob` before, survive a
// power cut; the ranges that were stored unsynced until then, which the journal still calls so.
// After a failed sync the upload is distrusted and the journal forgets its unsynced bytes.
runtime::Task<Result<RangeSet>> sync_bytes(LiveUpload& upload, store::Blob& blob,
                                           runtime::BufferPool& buffers, bool syncs);

// The uploads with acknowledged bytes that are not synced yet. One round at a time; any worker may
// add and ask.
class DeferredSyncs {
 public:
  struct Parts {
    journal::Journal& journal;
    store::Store& store;
    runtime::BufferPool& buffers;
    LiveUploads& uploads;
    Log& log;
    Metrics& metrics;
    bool syncs;  // False: a round only commits. Durability::none.
  };
  explicit DeferredSyncs(Parts parts) : parts_(parts) {}

  // False: whoever wants to acknowledge syncs before. Those who ask at the same time may all hear
  // true.
  bool has_room() const;
  // Bytes of the upload were committed unsynced. Both stay open until a round has synced them.
  void add(std::shared_ptr<LiveUpload> upload, std::shared_ptr<store::Blob> blob);

  // When it succeeds, all that was acknowledged before it began survives a power cut. The first
  // ones also sync what an earlier process left; the value says whether there is more to do.
  runtime::Task<Result<bool>> round();

 private:
  struct Round {
    std::vector<std::shared_ptr<LiveUpload>> uploads;
    std::size_t next = 0;
    std::size_t failed = 0;
    Error reason{Errc::internal, ""};  // Of the last one.
  };

  void add(std::shared_ptr<LiveUpload> upload);
  runtime::Task<Result<>> take_inherited();
  runtime::Task<> sync_some(Round* round);
  runtime::Task<Result<>> sync_one(LiveUpload& upload);
  runtime::Task<Result<std::shared_ptr<store::Blob>>> open_blob(LiveUpload& upload);

  const Parts parts_;
  // These by rounds alone.
  bool has_inherited_ = true;
  std::uint64_t inherited_after_ = 0;
  std::optional<Error> passed_over_;  // Why one of them could not be taken.
  bool journal_lags_ = false;  // Something was committed that SyncJournal has yet to make durable.

  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::shared_ptr<LiveUpload>> waiting_;  // By id.
  std::size_t in_round_ = 0;
};

}  // namespace sluice::upload
