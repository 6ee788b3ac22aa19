// SPDX-License-Identifier: MIT
#include "store/local_store.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "runtime/short_call.h"
#include "store/blob_split.h"

namespace sluice::store {
namespace {

// A file that should be there and is not: the disk has failed.
std::unexpected<Error> fail_as_broken(const Error& error) {
  return fail(error.code() == Errc::file_missing ? Errc::storage_failed : error.code(),
              error.message());
}

Result<> check_size(runtime::DiskFile& file, std::uint64_t upload_id, std::uint64_t stored_end) {
  const Result<std::uint64_t> size = file.size();
  if (!size) {
    return fail_as_broken(size.error());
  }
  if (*size < stored_end) {
    return fail(Errc::storage_failed,
                fmt::format("the blob of upload {} ends at byte {}, the journal has bytes up to {}",
                            upload_id, *size, stored_end));
  }
  return {};
}

}  // namespace

LocalStore::LocalStore(runtime::Disk& disk, runtime::BlockingPool& pool, std::string directory,
                       Durability durability, Metrics& metrics)
    : directory_(std::move(directory)), surroundings_{disk, pool, durability, metrics, {}, {}} {}

runtime::Task<Result<std::unique_ptr<Blob>>> LocalStore::open(std::uint64_t upload_id,
                                                              std::uint64_t file_size,
                                                              std::uint64_t stored_end) {
  if (opens_without_sync(upload_id)) {
    auto attempt = [this, upload_id, file_size, stored_end]() -> Result<std::unique_ptr<Blob>> {
      return open_now(upload_id, file_size, stored_end, IfTaken::leave);
    };
    auto opened = co_await runtime::short_call(surroundings_.pool, std::move(attempt));
    if (!opened || *opened) {
      co_return opened;
    }
  }
  auto work = [this, upload_id, file_size, stored_end]() -> Result<std::unique_ptr<Blob>> {
    return open_now(upload_id, file_size, stored_end, IfTaken::wait);
  };
  co_return co_await runtime::offload(surroundings_.pool, std::move(work));
}

runtime::Task<Result<Store::Opened>> LocalStore::open_and_stream(std::uint64_t upload_id,
                                                                 std::uint64_t file_size,
                                                                 std::uint64_t stored_end,
                                                                 Blob::Stream stream) {
  if (opens_without_sync(upload_id) && LocalBlob::is_short(surroundings_.durability, stream)) {
    auto attempt = [this, upload_id, file_size, stored_end, &stream] {
      return open_and_stream_now(upload_id, file_size, stored_end, stream, IfTaken::leave);
    };
    auto opened = co_await runtime::short_call(surroundings_.pool, std::move(attempt));
    if (!opened || opened->blob) {
      co_return opened;
    }
  }
  auto work = [this, upload_id, file_size, stored_end, &stream] {
    return open_and_stream_now(upload_id, file_size, stored_end, stream, IfTaken::wait);
  };
  co_return co_await runtime::offload(surroundings_.pool, std::move(work));
}

Result<Store::Opened> LocalStore::open_and_stream_now(std::uint64_t upload_id,
                                                      std::uint64_t file_size,
                                                      std::uint64_t stored_end,
                                                      Blob::Stream& stream, IfTaken if_taken) {
  // Bytes that are here already are written at once, and take their room themselves.
  const bool is_whole = stream.offset == 0 && stream.count == file_size;
  auto blob = open_now(upload_id, is_whole ? 0 : file_size, stored_end, if_taken);
  if (!blob) {
    return fail(blob.error());
  }
  Opened opened;
  if (*blob) {
    opened.streamed = (*blob)->stream_now(stream);
    opened.blob = std::move(*blob);
  }
  return opened;
}

runtime::Task<Result<std::uint64_t>> LocalStore::size(std::uint64_t upload_id) {
  auto work = [this, upload_id]() -> Result<std::uint64_t> {
    const auto file = surroundings_.disk.open(blob_path(upload_id), runtime::OpenMode::read_only);
    if (!file && file.error().code() == Errc::file_missing) {
      return 0;
    }
    return file ? (*file)->size() : fail(file.error());
  };
  co_return co_await runtime::short_call(surroundings_.pool, std::move(work));
}

runtime::Task<Result<>> LocalStore::remove(std::uint64_t upload_id) {
  auto work = [this, upload_id] { return remove_now(upload_id); };
  co_return co_await runtime::offload(surroundings_.pool, std::move(work));
}

runtime::Task<Result<bool>> LocalStore::move_to(std::uint64_t upload_id, std::uint64_t file_size,
                                                std::string path) {
  auto work = [this, upload_id, file_size, path = std::move(path)] {
    return move_now(upload_id, file_size, path);
  };
  const bool is_short = surroundings_.durability == Durability::none;
  co_return co_await runtime::short_call_if(is_short, surroundings_.pool, std::move(work));
}

runtime::Task<Result<>> LocalStore::split(std::uint64_t upload_id, std::uint64_t main_size,
                                          std::vector<SplitOff> extra_files) {
  auto work = [this, upload_id, main_size, extra_files = std::move(extra_files)]() -> Result<> {
    BlobSplit split(surroundings_.disk, blob_path(upload_id), surroundings_.durability);
    const Result<> done = split.run(main_size, extra_files);
    return done ? done : fail_as_broken(done.error());
  };
  co_return co_await runtime::offload(surroundings_.pool, std::move(work));
}

runtime::Task<Result<runtime::DiskSpace>> LocalStore::space() {
  auto work = [this]() -> Result<runtime::DiskSpace> {
    Result<runtime::DiskSpace> space = surroundings_.disk.space(directory_);
    if (!space) {
      return fail_as_broken(space.error());
    }
    return space;
  };
  co_return co_await runtime::offload(surroundings_.pool, std::move(work));
}

std::string LocalStore::shard(std::uint64_t upload_id) const {
  return fmt::format("{}/{:02x}", directory_, upload_id & 0xFFU);
}

std::string LocalStore::blob_path(std::uint64_t upload_id) const {
  return fmt::format("{}/{}.part", shard(upload_id), upload_id);
}

Result<std::unique_ptr<LocalBlob>> LocalStore::open_now(std::uint64_t upload_id, std::uint64_t room,
                                                        std::uint64_t stored_end,
                                                        IfTaken if_taken) {
  // Also for a blob that is there: who made it may have died before its shard's name was durable.
  if (Result<> made = make_shard(upload_id); !made) {
    return fail_as_broken(made.error());
  }
  std::unique_lock lock(opening_[upload_id & 0xFFU], std::defer_lock);
  if (if_taken == IfTaken::wait) {
    lock.lock();
  } else if (!lock.try_lock()) {
    return nullptr;
  }
  auto file = surroundings_.disk.open(blob_path(upload_id), runtime::OpenMode::read_write);
  const bool missing = !file && file.error().code() == Errc::file_missing;
  if (missing && stored_end == 0) {
    file = create(upload_id, room);
  }
  if (!file) {
    return fail_as_broken(file.error());
  }
  if (stored_end > 0) {
    if (Result<> enough = check_size(**file, upload_id, stored_end); !enough) {
      return fail(enough.error());
    }
  }
  return std::make_unique<LocalBlob>(surroundings_, upload_id, std::move(*file), shard(upload_id));
}

Result<std::unique_ptr<runtime::DiskFile>> LocalStore::create(std::uint64_t upload_id,
                                                              std::uint64_t room) {
  const std::string path = blob_path(upload_id);
  auto file = surroundings_.disk.open(path, runtime::OpenMode::create);
  if (!file) {
    return file;
  }
  if (Result<> reserved = (*file)->preallocate(room); !reserved) {
    file->reset();
    // The want of room is what the caller should hear of, whatever the removal says.
    std::ignore = surroundings_.disk.remove(path);
    return fail(reserved.error());
  }
  return file;
}

Result<> LocalStore::make_shard(std::uint64_t upload_id) {
  std::atomic<bool>& made = shards_made_[upload_id & 0xFFU];
  if (made.load(std::memory_order_acquire)) {
    return {};
  }
  Result<> done = surroundings_.disk.make_directory(shard(upload_id));
  if (done) {
    done = sync_names(directory_);
  }
  if (done) {
    made.store(true, std::memory_order_release);
  }
  return done;
}

bool LocalStore::opens_without_sync(std::uint64_t upload_id) const {
  return surroundings_.durability == Durability::none ||
         shards_made_[upload_id & 0xFFU].load(std::memory_order_acquire);
}

Result<> LocalStore::remove_now(std::uint64_t upload_id) {
  Result<> done = surroundings_.disk.remove(blob_path(upload_id));
  if (done) {
    done = sync_names(shard(upload_id));
  }
  if (!done) {
    return fail_as_broken(done.error());
  }
  surroundings_.failures.forget(upload_id);
  return {};
}

Result<bool> LocalStore::move_now(std::uint64_t upload_id, std::uint64_t file_size,
                                  const std::string& path) {
  runtime::Disk& disk = surroundings_.disk;
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
    done = sync_names(std::filesystem::path(path).parent_path().string());
  }
  if (done) {
    done = sync_names(shard(upload_id));
  }
  if (!done) {
    return fail_as_broken(done.error());
  }
  return is_here;
}

Result<> LocalStore::check_finished(std::uint64_t upload_id, std::uint64_t file_size,
                                    const std::string& path) {
  const auto file = surroundings_.disk.open(path, runtime::OpenMode::read_only);
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

Result<> LocalStore::sync_names(const std::string& directory) {
  if (surroundings_.durability == Durability::none) {
    return {};
  }
  Result<> synced = surroundings_.disk.sync_directory(directory);
  if (!synced && synced.error().code() == Errc::file_missing) {
    return {};
  }
  return synced;
}

}  // namespace sluice::store
