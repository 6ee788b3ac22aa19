// SPDX-License-Identifier: MIT
// The bytes of uploads as files of this machine (docs/format.md).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/durability.h"
#include "base/metrics.h"
#include "runtime/blocking_pool.h"
#include "runtime/disk.h"
#include "store/finished_files.h"
#include "store/local_blob.h"
#include "store/store.h"

namespace sluice::store {

// An upload's blob is DIRECTORY/<last two hex digits of its id>/<id>.part. Any thread. Outlives its
// blobs.
class LocalStore final : public Store, public FinishedFiles {
 public:
  // `directory` exists and its name is durable.
  LocalStore(runtime::Disk& disk, runtime::BlockingPool& pool, std::string directory,
             Durability durability, Metrics& metrics);

  runtime::Task<Result<std::unique_ptr<Blob>>> open(std::uint64_t upload_id,
                                                    std::uint64_t file_size,
                                                    std::uint64_t stored_end) override;
  runtime::Task<Result<Opened>> open_and_stream(std::uint64_t upload_id, std::uint64_t file_size,
                                                std::uint64_t stored_end,
                                                Blob::Stream stream) override;
  runtime::Task<Result<std::uint64_t>> size(std::uint64_t upload_id) override;
  runtime::Task<Result<>> remove(std::uint64_t upload_id) override;
  runtime::Task<Result<bool>> move_to(std::uint64_t upload_id, std::uint64_t file_size,
                                      std::string path) override;
  runtime::Task<Result<>> split(std::uint64_t upload_id, std::uint64_t main_size,
                                std::vector<SplitOff> extra_files) override;
  runtime::Task<Result<runtime::DiskSpace>> space() override;

  runtime::Task<Result<std::shared_ptr<runtime::DiskFile>>> open_finished(
      std::uint64_t upload_id, std::uint64_t file_size) override;
  runtime::Task<Result<std::string>> path_of_finished(std::uint64_t upload_id,
                                                      std::uint64_t file_size) override;
  runtime::Task<Result<>> link_finished(std::uint64_t upload_id, std::uint64_t file_size,
                                        std::string path) override;
  runtime::Task<Result<>> unlink_finished(std::string path) override;

  std::string blob_path(std::uint64_t upload_id) const;

 private:
  // What an opening does where another one holds the lock of its shard, over calls that may block.
  enum class IfTaken { wait, leave };

  // These block.
  // A blob that is not there yet has `room` bytes set aside. Null: the lock was taken.
  Result<std::unique_ptr<LocalBlob>> open_now(std::uint64_t upload_id, std::uint64_t room,
                                              std::uint64_t stored_end, IfTaken if_taken);
  // The blob is null where that of open_now() is; nothing is streamed then.
  Result<Opened> open_and_stream_now(std::uint64_t upload_id, std::uint64_t file_size,
                                     std::uint64_t stored_end, Blob::Stream& stream,
                                     IfTaken if_taken);
  Result<std::unique_ptr<runtime::DiskFile>> create(std::uint64_t upload_id, std::uint64_t room);
  Result<> make_shard(std::uint64_t upload_id);
  // Whether the shard of this upload need not be made first.
  bool opens_without_sync(std::uint64_t upload_id) const;
  Result<> remove_now(std::uint64_t upload_id);
  Result<bool> move_now(std::uint64_t upload_id, std::uint64_t file_size, const std::string& path);
  Result<std::unique_ptr<runtime::DiskFile>> open_finished_now(std::uint64_t upload_id,
                                                               std::uint64_t file_size);
  Result<> link_now(std::uint64_t upload_id, std::uint64_t file_size, const std::string& path);
  Result<> check_finished(std::uint64_t upload_id, std::uint64_t file_size,
                          const std::string& path);
  // Nothing to do where nothing is durable, or where there is no such directory.
  Result<> sync_names(const std::string& directory);

  std::string shard(std::uint64_t upload_id) const;

  const std::string directory_;
  BlobSurroundings surroundings_;
  // By shard. Parts of one upload come side by side, and whoever finds no room for its blob removes
  // it again: never one in which another has begun to write.
  // Held over calls that may block: an event loop's thread never waits for it.
  std::array<std::mutex, 256> opening_;
  // Shards whose own name this process has made durable.
  std::array<std::atomic<bool>, 256> shards_made_{};
};

}  // namespace sluice::store
