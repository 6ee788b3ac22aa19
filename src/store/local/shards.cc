// SPDX-License-Identifier: MIT
#include "store/local/shards.h"

#include <fmt/format.h>

namespace sluice::store::local {

std::string blob_path(const std::string& directory, std::uint64_t upload_id) {
  return fmt::format("{}/{:02x}/{}.part", directory, upload_id & 0xFFU, upload_id);
}

std::string Shards::directory_of(std::uint64_t upload_id) const {
  return fmt::format("{}/{:02x}", directory_, upload_id & 0xFFU);
}

Result<> Shards::make(std::uint64_t upload_id) {
  std::atomic<bool>& made = made_[upload_id & 0xFFU];
  if (made.load(std::memory_order_acquire)) {
    return {};
  }
  Result<> done = disk_.make_directory(directory_of(upload_id));
  if (done) {
    done = sync_names(directory_);
  }
  if (done) {
    made.store(true, std::memory_order_release);
  }
  return done;
}

Result<> Shards::sync_names(const std::string& directory) {
  if (durability_ == Durability::none) {
    return {};
  }
  Result<> synced = disk_.sync_directory(directory);
  if (!synced && synced.error().code() == Errc::file_missing) {
    return {};
  }
  return synced;
}

}  // namespace sluice::store::local
