// SPDX-License-Identifier: MIT
// The bytes of uploads as objects that never change (docs/format.md).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/limits.h"
#include "store/objects/exchange_extents.h"
#include "store/objects/extent_blob.h"
#include "store/objects/folds.h"
#include "store/store.h"

namespace sluice::store::objects {

// The parts that the store works with; all of them outlive it.
struct ExtentStoreParts {
  s3::ObjectStore& objects;
  FindExtents find;
  Scratch& scratch;
  runtime::BlockingPool& pool;
  runtime::BufferPool& buffers;
  runtime::Executor executor;  // Of a worker, on which finished files are read.
  Log& log;
  Metrics& metrics;
  // Small objects become large ones by it; unset: they stay as they are.
  ReplaceExtents replace = nullptr;
};

// Needs Durability::commit. Any thread. Outlives its blobs. An object whose extent was never
// committed goes with its upload.
class ExtentStore final : public Store {
 public:
  // All names of objects begin with `prefix`, as ExtentNames has it.
  ExtentStore(ExtentStoreParts parts, const std::string& prefix);

  std::unique_ptr<Blob> open(const BlobRef& blob) override;
  runtime::Task<Result<>> remove(std::uint64_t upload_id) override;
  // Other processes, and the network, may have requests under way.
  Duration late_bytes_max() const noexcept override { return limits::extent_late_max; }
  // As ExtentFile. It is gone with the extents.
  runtime::Task<Result<std::shared_ptr<runtime::ReadableFile>>> open_finished(
      std::uint64_t upload_id, std::uint64_t size) override;
  runtime::Task<Result<std::unique_ptr<runtime::ByteSource>>> read_finished(
      std::uint64_t upload_id, std::uint64_t size, std::uint64_t begin) override;
  // By ExtentTools::merger, as objects of ObjectFiles. Two processes may make the same file at
  // once: both objects have the same bytes, and one of them stays.
  runtime::Task<Result<bool>> finish(std::uint64_t upload_id,
                                     std::vector<NamedRange> files) override;
  bool finish_takes_blob() const noexcept override { return false; }
  runtime::Task<Result<>> ping() override { return tools_.objects.ping(); }
  // Without a bound.
  runtime::Task<Result<Space>> space() override;

  // For the parts beside it that make fewer objects of many.
  ExtentTools& tools() noexcept { return tools_; }
  // Calls that wait for objects of finished files end soon, with `draining`. Before the pools whose
  // threads make them are stopped. Any thread.
  void stop() noexcept { tools_.stopping = true; }
  // Until nothing is under way that blobs have left behind; false: after `timeout` something is.
  runtime::Task<bool> drain(Duration timeout) { return tools_.under_way.wait_for_all(timeout); }

 private:
  // Whether the file had to be made of the blob, which has `size` bytes.
  runtime::Task<Result<bool>> make_file(std::uint64_t upload_id, std::uint64_t size,
                                        NamedRange file);

  ExtentTools tools_;
  const runtime::Executor executor_;
  std::optional<Folds> folds_;
};

}  // namespace sluice::store::objects
