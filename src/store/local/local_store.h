// SPDX-License-Identifier: MIT
// The bytes of uploads as files of this machine (docs/format.md).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/durability.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "runtime/blocking_pool.h"
#include "runtime/buffer_pool.h"
#include "runtime/disk.h"
#include "store/local/blob_split.h"
#include "store/local/local_blob.h"
#include "store/store.h"

namespace sluice::store::local {

// An upload's blob is DIRECTORY/uploads/<last two hex digits of its id>/<id>.part; files of
// finished blobs are those of LocalFiles over the same directory. Any thread. Outlives its blobs.
class LocalStore final : public Store {
 public:
  // `directory` is a store::DataDirectory.
  LocalStore(runtime::Disk& disk, runtime::BlockingPool& pool, runtime::BufferPool& buffers,
             std::string directory, Durability durability, Metrics& metrics,
             Duration turn_time_max = limits::stream_time_max);

  std::unique_ptr<Blob> open(const BlobRef& blob) override;
  runtime::Task<Result<>> remove(std::uint64_t upload_id) override;
  runtime::Task<Result<>> release_room(std::uint64_t upload_id, std::uint64_t size) override;
  runtime::Task<Result<std::shared_ptr<runtime::ReadableFile>>> open_finished(
      std::uint64_t upload_id, std::uint64_t size) override;
  runtime::Task<Result<std::unique_ptr<runtime::ByteSource>>> read_finished(
      std::uint64_t upload_id, std::uint64_t size, std::uint64_t begin) override;
  runtime::Task<Result<bool>> finish(std::uint64_t upload_id,
                                     std::vector<NamedRange> files) override;
  runtime::Task<Result<Space>> space() override;

  // The absolute path of a finished blob, which is true until it is removed. Blobs are what
  // open_finished() says.
  runtime::Task<Result<std::string>> path_of_finished(std::uint64_t upload_id, std::uint64_t size);
  // Gives the file a second name, on the same file system, durably. Can be repeated.
  runtime::Task<Result<>> link_finished(std::uint64_t upload_id, std::uint64_t size,
                                        std::string path);
  // Removes that name; one that is not there is as good as removed.
  runtime::Task<Result<>> unlink_finished(std::string path);

  std::string blob_path(std::uint64_t upload_id) const {
    return tools_.files.shards.blob_path(upload_id);
  }
  // Where the blob ends; 0 when there is none. Blocks.
  Result<std::uint64_t> blob_size(std::uint64_t upload_id);

 private:
  // The file of the upload's blob, in common with all that have it open.
  std::shared_ptr<OpenFile> file_of(std::uint64_t upload_id);

  // These block.
  Result<> remove_now(std::uint64_t upload_id);
  Result<std::unique_ptr<runtime::DiskFile>> open_finished_now(std::uint64_t upload_id,
                                                               std::uint64_t size);
  Result<> split(std::uint64_t upload_id, std::uint64_t main_size,
                 const std::vector<SplitOff>& extra_files);
  Result<bool> finish_now(std::uint64_t upload_id, const std::vector<NamedRange>& files);
  Result<bool> move_now(std::uint64_t upload_id, std::uint64_t size, const std::string& path);
  Result<> link_now(std::uint64_t upload_id, std::uint64_t size, const std::string& path);

  // As LocalFiles has it.
  std::string path_of(const std::string& name) const { return directory_ + "/" + name; }

  BlobTools tools_;
  const std::string directory_;

  Mutex mutex_;
  std::unordered_map<std::uint64_t, std::weak_ptr<OpenFile>> open_files_ GUARDED_BY(mutex_);
};

}  // namespace sluice::store::local
