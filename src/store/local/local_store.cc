// SPDX-License-Identifier: MIT
#include "store/local/local_store.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "base/limits.h"
#include "store/local/blob_split.h"
#include "store/local/local_blob.h"

namespace sluice::store::local {

LocalStore::LocalStore(runtime::Disk& disk, runtime::BlockingPool& pool,
                       runtime::BufferPool& buffers, std::string directory, Durability durability,
                       Metrics& metrics)
    : tools_{
          .files = {disk, durability, metrics, Shards(disk, std::move(directory), durability), {}},
          .pool = pool,
          .buffers = buffers,
          .trial_buffers = {limits::trial_buffers_max * limits::trial_bytes, metrics.buffers_in_use,
                            limits::trial_bytes}} {}

std::unique_ptr<Blob> LocalStore::open(const BlobRef& blob) {
  return std::make_unique<LocalBlob>(tools_, blob, file_of(blob.upload_id));
}

std::shared_ptr<OpenFile> LocalStore::file_of(std::uint64_t upload_id) {
  const MutexLock lock(mutex_);
  std::weak_ptr<OpenFile>& place = open_files_[upload_id];
  if (std::shared_ptr<OpenFile> open = place.lock()) {
    return open;
  }
  const auto forget = [this, upload_id](OpenFile* file) {
    {
      const MutexLock forgetting(mutex_);
      const auto found = open_files_.find(upload_id);
      // A new one may have taken its place meanwhile.
      if (found != open_files_.end() && found->second.expired()) {
        open_files_.erase(found);
      }
    }
    delete file;
  };
  const std::shared_ptr<OpenFile> file(new OpenFile(tools_.files, upload_id), forget);
  place = file;
  return file;
}

Result<std::uint64_t> LocalStore::blob_size(std::uint64_t upload_id) {
  const auto file = tools_.files.disk.open(blob_path(upload_id), runtime::OpenMode::read_only);
  if (!file && file.error().code() == Errc::file_missing) {
    return 0;
  }
  return file ? (*file)->size() : fail(file.error());
}

runtime::Task<Result<>> LocalStore::remove(std::uint64_t upload_id) {
  auto work = [this, upload_id] { return remove_now(upload_id); };
  co_return co_await runtime::offload(tools_.pool, std::move(work));
}

runtime::Task<Result<bool>> LocalStore::move_to(std::uint64_t upload_id, std::uint64_t file_size,
                                                std::string path) {
  auto work = [this, upload_id, file_size, path = std::move(path)] {
    return move_now(upload_id, file_size, path);
  };
  co_return co_await runtime::offload(tools_.pool, std::move(work));
}

runtime::Task<Result<>> LocalStore::split(std::uint64_t upload_id, std::uint64_t main_size,
                                          std::vector<SplitOff> extra_files) {
  auto work = [this, upload_id, main_size, extra_files = std::move(extra_files)]() -> Result<> {
    BlobSplit split(tools_.files.disk, blob_path(upload_id), tools_.files.durability);
    const Result<> done = split.run(main_size, extra_files);
    return done ? done : fail_as_broken(done.error());
  };
  co_return co_await runtime::offload(tools_.pool, std::move(work));
}

runtime::Task<Result<Space>> LocalStore::space() {
  auto work = [this]() -> Result<Space> {
    const Result<runtime::DiskSpace> space = tools_.files.disk.space(tools_.files.shards.root());
    if (!space) {
      return fail_as_broken(space.error());
    }
    return Space{space->free_bytes, space->total_bytes, space->free_files};
  };
  co_return co_await runtime::offload(tools_.pool, std::move(work));
}

Result<> LocalStore::remove_now(std::uint64_t upload_id) {
  Result<> done = tools_.files.disk.remove(blob_path(upload_id));
  if (done) {
    done = tools_.files.shards.sync_names(tools_.files.shards.directory_of(upload_id));
  }
  if (!done) {
    return fail_as_broken(done.error());
  }
  tools_.files.failures.forget(upload_id);
  return {};
}

Result<bool> LocalStore::move_now(std::uint64_t upload_id, std::uint64_t file_size,
                                  const std::string& path) {
  runtime::Disk& disk = tools_.files.disk;
  const std::string blob = blob_path(upload_id);
  Result<> done = check_finished(upload_id, file_size, blob);
  const bool is_here = done.has_value();
  if (is_here) {
    done = disk.rename(blob, path);
  } else if (done.error().code() == Errc::file_missing) {
    // Moved before; or never there, as nothing had to be stored.
    if (file_size == 0) {
      const auto file = disk.open(path, runtime::OpenMode::create);
      done = file ? Result<>() : fail(file.error());
    } else {
      done = check_finished(upload_id, file_size, path);
    }
  }
  if (done) {
    done = tools_.files.shards.sync_names(std::filesystem::path(path).parent_path().string());
  }
  if (done) {
    done = tools_.files.shards.sync_names(tools_.files.shards.directory_of(upload_id));
  }
  if (!done) {
    return fail_as_broken(done.error());
  }
  return is_here;
}

Result<> LocalStore::check_finished(std::uint64_t upload_id, std::uint64_t file_size,
                                    const std::string& path) {
  const auto file = tools_.files.disk.open(path, runtime::OpenMode::read_only);
  if (!file) {
    return fail(file.error());
  }
  const Result<std::uint64_t> size = (*file)->size();
  if (!size) {
    return fail(size.error());
  }
  if (*size != file_size) {
    return fail(Errc::storage_failed, fmt::format("upload {} has {} bytes, {} has {}", upload_id,
                                                  file_size, path, *size));
  }
  return {};
}

}  // namespace sluice::store::local
