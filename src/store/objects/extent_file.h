// SPDX-License-Identifier: MIT
// Bytes that lie in objects, as a file that is read by position.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/mutex.h"
#include "runtime/buffer_pool.h"
#include "runtime/readable_file.h"
#include "runtime/task.h"
#include "store/objects/arrival.h"
#include "store/objects/extent_tools.h"

namespace sluice::store::objects {

// For readers that go from the front to the end. While the bytes of one chunk are used, the next
// ones are on their way: limits::extent_window_chunks of limits::extent_read_bytes together, as far
// as the budget of the buffers has room to spare, but always the one that is used. Errors are those
// of the reads; unavailable where bytes do not come in time; draining.
class ExtentFile final : public runtime::ReadableFile {
 public:
  // All bytes of a range.
  using Read = std::function<runtime::Task<Result<std::string>>(ByteRange range)>;

  // The executor's event loop, which makes the requests, outlives all calls. None of them is on its
  // thread. What removes objects of the upload waits for requests that are under way.
  ExtentFile(ExtentTools& tools, runtime::Executor executor, std::uint64_t upload_id,
             std::uint64_t size, Read read)
      : tools_(tools),
        executor_(std::move(executor)),
        upload_id_(upload_id),
        size_(size),
        read_(std::move(read)) {}

  Result<std::size_t> read_at(std::uint64_t offset, MutableBytes buffer) override;
  int descriptor() const noexcept override { return -1; }

 private:
  // Bytes that are asked for, or here. Also its request's.
  struct Chunk {
    ByteRange range;
    std::optional<runtime::BudgetShare> share;
    Arrival<std::string> bytes = {};
  };

  static runtime::Task<> fetch(Read read, std::shared_ptr<Chunk> chunk,
                               std::unique_ptr<const UnderWay::Mark> mark);
  // Its first chunk has the byte at `offset`, from now on.
  void move_window(std::uint64_t offset) REQUIRES(mutex_);
  // As read_at(), of what the chunk has.
  Result<std::size_t> copy(Chunk& chunk, std::uint64_t offset, MutableBytes buffer) const;

  ExtentTools& tools_;
  const runtime::Executor executor_;
  const std::uint64_t upload_id_;
  const std::uint64_t size_;
  const Read read_;

  Mutex mutex_;
  std::deque<std::shared_ptr<Chunk>> window_ GUARDED_BY(mutex_);  // One behind the other.
};

}  // namespace sluice::store::objects
