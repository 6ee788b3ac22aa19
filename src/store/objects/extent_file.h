// SPDX-License-Identifier: MIT
// A finished upload whose bytes lie in objects, as a file that is read by position.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/log.h"
#include "base/mutex.h"
#include "runtime/readable_file.h"
#include "runtime/task.h"
#include "store/objects/extent_reader.h"

namespace sluice::store::objects {

// Reads limits::extent_window_bytes ahead, in requests beside each other. Not on the thread of
// `executor`, which makes the requests.
class ExtentFile final : public runtime::ReadableFile {
 public:
  // The reader and the log outlive this, and the executor's event loop its calls.
  ExtentFile(ExtentReader& reader, runtime::Executor executor, Log& log, std::uint64_t upload_id,
             std::uint64_t size)
      : reader_(reader),
        executor_(std::move(executor)),
        log_(log),
        upload_id_(upload_id),
        size_(size) {}

  Result<std::size_t> read_at(std::uint64_t offset, MutableBytes buffer) override;
  int descriptor() const noexcept override { return -1; }

 private:
  Result<> fill(std::uint64_t offset) REQUIRES(mutex_);

  ExtentReader& reader_;
  const runtime::Executor executor_;
  Log& log_;
  const std::uint64_t upload_id_;
  const std::uint64_t size_;

  Mutex mutex_;
  std::uint64_t window_begin_ GUARDED_BY(mutex_) = 0;
  std::string window_ GUARDED_BY(mutex_);
};

}  // namespace sluice::store::objects
