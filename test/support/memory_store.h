// SPDX-License-Identifier: MIT
// A store in memory that can lose power, and its unsynced bytes with it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/blocking_pool.h"
#include "store/named_files.h"
#include "store/store.h"

namespace sluice::testing {

class MemoryStore final : public store::Store, public store::NamedFiles {
 public:
  // The descriptor that files lend; it is not open.
  static constexpr int descriptor = 42;

  struct File {
    std::string bytes;
    std::string durable;
  };

  std::unique_ptr<store::Blob> open(const store::BlobRef& blob) override;
  runtime::Task<Result<>> remove(std::uint64_t upload_id) override;
  bool finish_takes_blob() const noexcept override { return !copies_finished; }
  Duration late_bytes_max() const noexcept override { return late_bytes; }
  runtime::Task<Result<>> release_room(std::uint64_t upload_id, std::uint64_t size) override;
  runtime::Task<Result<std::shared_ptr<runtime::ReadableFile>>> open_finished(
      std::uint64_t upload_id, std::uint64_t size) override;
  runtime::Task<Result<std::unique_ptr<runtime::ByteSource>>> read_finished(
      std::uint64_t upload_id, std::uint64_t size, std::uint64_t begin) override;
  runtime::Task<Result<bool>> finish(std::uint64_t upload_id,
                                     std::vector<store::NamedRange> named) override;
  runtime::Task<Result<>> ping() override;
  runtime::Task<Result<store::Space>> space() override;

  Result<std::unique_ptr<store::NewFile>> create(const std::string& name) override;
  runtime::Task<Result<bool>> exists(std::string name) override;
  runtime::Task<Result<std::shared_ptr<runtime::ReadableFile>>> open(std::string name,
                                                                     std::uint64_t size) override;
  runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> read(std::string name,
                                                                   std::uint64_t size,
                                                                   ByteRange range) override;
  runtime::Task<Result<>> remove(std::vector<std::string> names) override;

  // Every blob goes back to its last sync.
  void cut_power();

  std::map<std::uint64_t, File> blobs;
  std::map<std::string, std::string> files;
  std::uint64_t free_bytes = std::uint64_t{1} << 50U;
  std::optional<std::uint64_t> free_files;
  // Each range that is settled lies in an object of its own.
  std::uint64_t objects = 0;
  Duration late_bytes{0};
  // Of a byte that two engines have written, the other one's is another.
  bool others_differ = false;
  // Finished files are copies of their blobs, which stay.
  bool copies_finished = false;
  bool is_away = false;  // For ping() alone.
  bool failing_space = false;
  bool failing_syncs = false;
  Errc failure_of_syncs = Errc::storage_failed;
  // Writes fail with disk_full once so many bytes are held.
  std::uint64_t capacity_bytes = std::uint64_t{1} << 50U;

 private:
  std::shared_ptr<runtime::BlockingPool> inline_pool_ = std::make_shared<runtime::BlockingPool>(0);
};

}  // namespace sluice::testing
