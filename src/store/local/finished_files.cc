// SPDX-License-Identifier: MIT
// LocalStore's implementation of FinishedFiles.
#include "store/finished_files.h"

#include <filesystem>
#include <utility>

#include "store/local/local_store.h"

namespace sluice::store::local {

runtime::Task<Result<std::shared_ptr<runtime::DiskFile>>> LocalStore::open_finished(
    std::uint64_t upload_id, std::uint64_t file_size) {
  auto work = [this, upload_id, file_size]() -> Result<std::shared_ptr<runtime::DiskFile>> {
    return open_finished_now(upload_id, file_size);
  };
  co_return co_await runtime::offload(tools_.pool, std::move(work));
}

runtime::Task<Result<std::string>> LocalStore::path_of_finished(std::uint64_t upload_id,
                                                                std::uint64_t file_size) {
  auto work = [this, upload_id, file_size]() -> Result<std::string> {
    const auto file = open_finished_now(upload_id, file_size);
    if (!file) {
      return fail(file.error());
    }
    return std::filesystem::absolute(blob_path(upload_id)).lexically_normal().string();
  };
  co_return co_await runtime::offload(tools_.pool, std::move(work));
}

runtime::Task<Result<>> LocalStore::link_finished(std::uint64_t upload_id, std::uint64_t file_size,
                                                  std::string path) {
  auto work = [this, upload_id, file_size, path = std::move(path)] {
    return link_now(upload_id, file_size, path);
  };
  co_return co_await runtime::offload(tools_.pool, std::move(work));
}

runtime::Task<Result<>> LocalStore::unlink_finished(std::string path) {
  auto work = [this, path = std::move(path)] { return tools_.files.disk.remove(path); };
  co_return co_await runtime::offload(tools_.pool, std::move(work));
}

Result<std::unique_ptr<runtime::DiskFile>> LocalStore::open_finished_now(std::uint64_t upload_id,
                                                                         std::uint64_t file_size) {
  const std::string path = blob_path(upload_id);
  auto file = tools_.files.disk.open(path, runtime::OpenMode::read_only);
  if (!file && file.error().code() == Errc::file_missing && file_size == 0) {
    if (const Result<> made = file_of(upload_id)->open(0, 0); !made) {
      return fail(made.error());
    }
    file = tools_.files.disk.open(path, runtime::OpenMode::read_only);
  }
  if (!file) {
    return fail(Errc::storage_failed, file.error().message());
  }
  if (const Result<> whole = check_finished(upload_id, file_size, path); !whole) {
    return fail(Errc::storage_failed, whole.error().message());
  }
  return file;
}

Result<> LocalStore::link_now(std::uint64_t upload_id, std::uint64_t file_size,
                              const std::string& path) {
  if (const auto file = open_finished_now(upload_id, file_size); !file) {
    return fail(file.error());
  }
  Result<> done = tools_.files.disk.link(blob_path(upload_id), path);
  if (done) {
    done = tools_.files.shards.sync_names(std::filesystem::path(path).parent_path().string());
  }
  if (!done && done.error().code() == Errc::file_missing) {
    return fail(Errc::storage_failed, done.error().message());
  }
  return done;
}

}  // namespace sluice::store::local
