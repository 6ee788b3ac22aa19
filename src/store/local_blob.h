// SPDX-License-Identifier: MIT
// A blob that is a file of the local store.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "base/durability.h"
#include "base/metrics.h"
#include "base/range_set.h"
#include "runtime/blocking_pool.h"
#include "runtime/disk.h"
#include "runtime/pipe.h"
#include "store/store.h"

namespace sluice::store {

// Uploads whose bytes are not trusted any more because a sync failed: the kernel may have dropped
// what it could not write, and a second sync would call that a success. Any thread.
class SyncFailures {
 public:
  void add(std::uint64_t upload_id);
  void forget(std::uint64_t upload_id);
  bool contains(std::uint64_t upload_id) const;

 private:
  mutable std::mutex mutex_;
  std::set<std::uint64_t> uploads_;
};

// What the blobs of one store share; outlives them.
struct BlobSurroundings {
  runtime::Disk& disk;
  runtime::BlockingPool& pool;
  Durability durability;
  Metrics& metrics;
  SyncFailures failures;
  runtime::PipePool pipes;
};

class LocalBlob final : public Blob {
 public:
  // `directory` is where the file's name stands.
  LocalBlob(BlobSurroundings& surroundings, std::uint64_t upload_id,
            std::unique_ptr<runtime::DiskFile> file, std::string directory);

  runtime::Task<Result<>> write(std::uint64_t offset, Bytes data) override;
  runtime::Task<Streamed> stream(Stream stream) override;
  runtime::Task<Result<std::size_t>> read(std::uint64_t offset, MutableBytes buffer) override;
  runtime::Task<Result<>> sync() override;

  // Whether a stream only writes what is here already, and not much.
  static bool is_short(Durability durability, const Stream& stream);
  // As stream(), on this thread, which may block.
  Streamed stream_now(Stream& stream);

 private:
  // Whether a stream that has come to `end` syncs.
  static bool syncs_at(Durability durability, const Stream& stream, std::uint64_t end);
  // These block.
  void write_rest(Stream& stream, Streamed& streamed);
  // As write_rest(), without copying; false when the rest cannot be moved.
  bool move_rest(Stream& stream, Streamed& streamed);
  Result<> write_now(std::uint64_t offset, Bytes data);
  void write_back(ByteRange written);
  Result<> sync_now();
  Result<> sync_file_and_name();
  // Whether all that was written through this blob is synced.
  bool is_clean() const;

  BlobSurroundings& surroundings_;
  const std::uint64_t upload_id_;
  const std::unique_ptr<runtime::DiskFile> file_;
  const std::string directory_;

  mutable std::mutex dirty_mutex_;
  RangeSet dirty_;                              // Written, and not yet on its way to the disk.
  std::uint64_t writes_ = 0;                    // These under dirty_mutex_, too.
  std::optional<std::uint64_t> synced_writes_;  // writes_ when the last good sync began.

  // One sync at a time: the kernel reports a failed write to one of them only.
  std::mutex sync_mutex_;
  bool name_is_durable_ = false;
};

}  // namespace sluice::store
