// SPDX-License-Identifier: MIT
// The file of one blob, shared by all that have the blob open: the kernel reports a failed write to
// those that have the file open, and once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/durability.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/range_set.h"
#include "runtime/disk.h"
#include "store/local/shards.h"
#include "store/writable_file.h"

namespace sluice::store::local {

// Uploads whose bytes are not trusted any more because a sync failed: the kernel may have dropped
// what it could not write, and a second sync would call that a success. Any thread.
class SyncFailures {
 public:
  void add(std::uint64_t upload_id);
  void forget(std::uint64_t upload_id);
  bool contains(std::uint64_t upload_id) const;

 private:
  mutable Mutex mutex_;
  std::set<std::uint64_t> uploads_ GUARDED_BY(mutex_);
};

// The parts that the files of one store work with; outlives them.
struct FileTools {
  runtime::Disk& disk;
  const Durability durability;
  Metrics& metrics;
  Shards shards;
  SyncFailures failures;
};

// Every call but is_clean() blocks. Any thread. A call that fails as the disk does says
// storage_failed or disk_full.
class OpenFile final : public WritableFile {
 public:
  OpenFile(FileTools& tools, std::uint64_t upload_id) : tools_(tools), upload_id_(upload_id) {}

  // Before any of the others. Opens the file with the first call; a missing file is made, with room
  // for `room` bytes. storage_failed when it ends before `stored_end`.
  Result<> open(std::uint64_t room, std::uint64_t stored_end);

  // These start the writeback of what has gathered.
  Result<> write(std::uint64_t offset, Bytes data) override;
  Result<> write_from(runtime::Pipe& pipe, std::uint64_t offset, std::size_t size) override;
  Result<std::size_t> copy_from(int descriptor, std::uint64_t from, std::uint64_t to,
                                std::size_t size) override;
  // Fills `buffer`, or less when the file ends.
  Result<std::size_t> read(std::uint64_t offset, MutableBytes buffer);

  // As Blob::settle(). Of `unsynced`, what was not written through this object is written anew: the
  // kernel may have failed to write it, told that to an earlier process, and call it clean.
  Result<> sync(const RangeSet& unsynced);
  // Whether sync() would find nothing to do.
  bool is_clean(const RangeSet& unsynced) const;

 private:
  Result<std::unique_ptr<runtime::DiskFile>> open_or_make(std::uint64_t room,
                                                          std::uint64_t stored_end);
  Result<std::unique_ptr<runtime::DiskFile>> make(std::uint64_t room);
  void wrote(ByteRange range);
  Result<> write_anew(const RangeSet& ranges);
  Result<> sync_file_and_name() REQUIRES(sync_mutex_);
  // Of `ranges`, what this object has not written.
  RangeSet inherited(const RangeSet& ranges) const;

  FileTools& tools_;
  const std::uint64_t upload_id_;

  Mutex opening_mutex_;
  std::unique_ptr<runtime::DiskFile> file_;  // Constant once it is there.

  mutable Mutex written_mutex_;
  RangeSet written_ GUARDED_BY(written_mutex_);  // Through this object.
  // Of that, what is not yet on its way to the disk.
  RangeSet gathered_ GUARDED_BY(written_mutex_);
  std::uint64_t writes_ GUARDED_BY(written_mutex_) = 0;  // How many there were.
  // writes_ when the last good sync began.
  std::optional<std::uint64_t> synced_writes_ GUARDED_BY(written_mutex_);

  // One sync at a time: the kernel reports a failed write to one of them only.
  Mutex sync_mutex_;
  bool name_is_durable_ GUARDED_BY(sync_mutex_) = false;
};

// A file that should be there and is not: the disk has failed.
std::unexpected<Error> fail_as_broken(const Error& error);

}  // namespace sluice::store::local
