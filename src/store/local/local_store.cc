// SPDX-License-Identifier: MIT
#include "store/local/local_store.h"

#include <filesystem>
#include <ranges>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "store/file_source.h"
#include "store/local/disk_space.h"
#include "store/local/local_blob.h"
#include "store/local/whole_file.h"

namespace sluice::store::local {

LocalStore::LocalStore(runtime::Disk& disk, runtime::BlockingPool& pool,
                       runtime::BufferPool& buffers, std::string directory, Durability durability,
                       Metrics& metrics, Duration turn_time_max)
    : tools_{{disk, durability, metrics, Shards(disk, directory + "/uploads", durability), {}},
             {pool, buffers, metrics, turn_time_max}},
      directory_(std::move(directory)) {}

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
  co_return co_await runtime::offload(tools_.receiving.pool, std::move(work));
}

runtime::Task<Result<>> LocalStore::release_room(std::uint64_t upload_id, std::uint64_t size) {
  auto work = [this, upload_id, size] { return split(upload_id, size, {}); };
  co_return co_await runtime::offload(tools_.receiving.pool, std::move(work));
}

runtime::Task<Result<std::shared_ptr<runtime::ReadableFile>>> LocalStore::open_finished(
    std::uint64_t upload_id, std::uint64_t size) {
  auto work = [this, upload_id, size]() -> Result<std::shared_ptr<runtime::ReadableFile>> {
    return open_finished_now(upload_id, size);
  };
  co_return co_await runtime::offload(tools_.receiving.pool, std::move(work));
}

runtime::Task<Result<std::unique_ptr<runtime::ByteSource>>> LocalStore::read_finished(
    std::uint64_t upload_id, std::uint64_t size, std::uint64_t begin) {
  auto file = co_await open_finished(upload_id, size);
  if (!file) {
    co_return fail(file.error());
  }
  co_return std::make_unique<FileSource>(tools_.receiving.pool, *std::move(file),
                                         ByteRange{begin, size}, blob_path(upload_id));
}

runtime::Task<Result<bool>> LocalStore::finish(std::uint64_t upload_id,
                                               std::vector<NamedRange> files) {
  auto work = [this, upload_id, &files] { return finish_now(upload_id, files); };
  co_return co_await runtime::offload(tools_.receiving.pool, std::move(work));
}

runtime::Task<Result<Space>> LocalStore::space() {
  auto work = [this] { return space_of(tools_.files.disk, tools_.files.shards.root()); };
  co_return co_await runtime::offload(tools_.receiving.pool, std::move(work));
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

Result<std::unique_ptr<runtime::DiskFile>> LocalStore::open_finished_now(std::uint64_t upload_id,
                                                                         std::uint64_t size) {
  const std::string path = blob_path(upload_id);
  auto file = open_whole(tools_.files.disk, path, size);
  if (!file && file.error().code() == Errc::file_missing && size == 0) {
    if (const Result<> made = file_of(upload_id)->open(0, 0); !made) {
      return fail(made.error());
    }
    file = open_whole(tools_.files.disk, path, size);
  }
  return file ? std::move(file) : fail(Errc::storage_failed, file.error().message());
}

Result<> LocalStore::split(std::uint64_t upload_id, std::uint64_t main_size,
                           const std::vector<SplitOff>& extra_files) {
  BlobSplit split(tools_.files.disk, blob_path(upload_id), tools_.files.durability);
  const Result<> done = split.run(main_size, extra_files);
  return done ? done : fail_as_broken(done.error());
}

Result<bool> LocalStore::finish_now(std::uint64_t upload_id, const std::vector<NamedRange>& files) {
  SLUICE_CHECK(!files.empty() && files.front().range.begin == 0);
  std::vector<SplitOff> extra_files;
  for (const NamedRange& file : files | std::views::drop(1)) {
    extra_files.push_back({file.range, path_of(file.name)});
  }
  const std::uint64_t main_size = files.front().range.size();
  if (!extra_files.empty()) {
    if (const Result<> done = split(upload_id, main_size, extra_files); !done) {
      return fail(done.error());
    }
  }
  return move_now(upload_id, main_size, path_of(files.front().name));
}

// The blob is renamed; whether it was still there.
Result<bool> LocalStore::move_now(std::uint64_t upload_id, std::uint64_t size,
                                  const std::string& path) {
  runtime::Disk& disk = tools_.files.disk;
  const std::string blob = blob_path(upload_id);
  const auto here = open_whole(disk, blob, size);
  Result<> done = here ? disk.rename(blob, path) : fail(here.error());
  if (!here && here.error().code() == Errc::file_missing) {
    // Moved before; or never there, as nothing had to be stored.
    const auto file =
        size == 0 ? disk.open(path, runtime::OpenMode::create) : open_whole(disk, path, size);
    done = file ? Result<>() : fail(file.error());
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
  return here.has_value();
}

}  // namespace sluice::store::local
