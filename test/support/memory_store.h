// SPDX-License-Identifier: MIT
// A store in memory that can lose power, and its unsynced bytes with it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "store/store.h"

namespace sluice::testing {

class MemoryStore final : public store::Store {
 public:
  struct File {
    std::string bytes;
    std::string durable;
  };

  std::unique_ptr<store::Blob> open(const store::BlobRef& blob) override;
  runtime::Task<Result<>> remove(std::uint64_t upload_id) override;
  runtime::Task<Result<bool>> move_to(std::uint64_t upload_id, std::uint64_t file_size,
                                      std::string path) override;
  runtime::Task<Result<>> split(std::uint64_t upload_id, std::uint64_t main_size,
                                std::vector<store::SplitOff> extra_files) override;
  runtime::Task<Result<store::Space>> space() override;

  // Every blob goes back to its last sync.
  void cut_power();

  std::map<std::uint64_t, File> blobs;
  std::map<std::string, std::string> moved;
  std::uint64_t free_bytes = std::uint64_t{1} << 50U;
  std::optional<std::uint64_t> free_files;
  bool failing_syncs = false;
  // Writes fail with disk_full once so many bytes are held.
  std::uint64_t capacity_bytes = std::uint64_t{1} << 50U;
};

}  // namespace sluice::testing
