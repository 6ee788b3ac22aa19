// SPDX-License-Identifier: MIT
// Finished blobs as files for others.
#include "store/local/local_store.h"

#include <filesystem>
#include <utility>

namespace sluice::store::local {

runtime::Task<Result<std::string>> LocalStore::path_of_finished(std::uint64_t upload_id,
                                                                std::uint64_t size) {
  auto work = [this, upload_id, size]() -> Result<std::string> {
    const auto file = open_finished_now(upload_id, size);
    if (!file) {
      return fail(file.error());
    }
    return std::filesystem::absolute(blob_path(upload_id)).lexically_normal().string();
  };
  co_return co_await runtime::offload(tools_.receiving.pool, std::move(work));
}

runtime::Task<Result<>> LocalStore::link_finished(std::uint64_t upload_id, std::uint64_t size,
                                                  std::string path) {
  auto work = [this, upload_id, size, path = std::move(path)] {
    return link_now(upload_id, size, path);
  };
  co_return co_await runtime::offload(tools_.receiving.pool, std::move(work));
}

runtime::Task<Result<>> LocalStore::unlink_finished(std::string path) {
  auto work = [this, path = std::move(path)] { return tools_.files.disk.remove(path); };
  co_return co_await runtime::offload(tools_.receiving.pool, std::move(work));
}

Result<> LocalStore::link_now(std::uint64_t upload_id, std::uint64_t size,
                              const std::string& path) {
  if (const auto file = open_finished_now(upload_id, size); !file) {
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
