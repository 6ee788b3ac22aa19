// SPDX-License-Identifier: MIT
// The memory for bytes on their way from sockets to files: one budget for the program. When it is
// used up, tasks wait and their sockets are not read.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "runtime/task.h"

namespace sluice::runtime {

class BufferPool;
class Event;

// A borrowed buffer; goes back when it is destroyed.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  ~Buffer();

  MutableBytes bytes() const noexcept;
  void release() noexcept;

 private:
  friend class BufferPool;
  Buffer(BufferPool* pool, std::unique_ptr<std::byte[]> memory);

  BufferPool* pool_ = nullptr;
  std::unique_ptr<std::byte[]> memory_;
};

// A part of the budget for memory that is its holder's own; goes back when it is destroyed.
class BudgetShare {
 public:
  BudgetShare(BudgetShare&& other) noexcept;
  BudgetShare& operator=(BudgetShare&&) = delete;
  ~BudgetShare();

 private:
  friend class BufferPool;
  BudgetShare(BufferPool& pool, std::size_t count) : pool_(&pool), count_(count) {}

  BufferPool* pool_;
  std::size_t count_;  // Of buffers that are as large.
};

// Any thread. First come, first served.
class BufferPool {
 public:
  BufferPool(std::size_t budget_bytes, Gauge& in_use,
             std::size_t buffer_bytes = limits::buffer_bytes);
  ~BufferPool();

  // Waits for a free buffer; overloaded when `timeout` passed first.
  Task<Result<Buffer>> acquire(Duration timeout);
  // More than half of the buffers are lent: a holder should give its buffer back soon.
  bool is_scarce() const;
  // For so many bytes that can be done without: at once, and from half of the budget, or not at
  // all.
  std::optional<BudgetShare> spare(std::size_t bytes);

 private:
  friend class Buffer;
  friend class BudgetShare;
  // Null: it was the holder's own.
  void give_back(std::unique_ptr<std::byte[]> memory) noexcept;
  std::unique_ptr<std::byte[]> take() REQUIRES(mutex_);

  const std::size_t buffer_bytes_;
  const std::size_t count_max_;
  Gauge& in_use_;

  mutable Mutex mutex_;
  std::size_t lent_ GUARDED_BY(mutex_) = 0;
  // The last one used is the warmest.
  std::vector<std::unique_ptr<std::byte[]>> free_ GUARDED_BY(mutex_);
  std::deque<std::shared_ptr<Event>> waiting_ GUARDED_BY(mutex_);
};

}  // namespace sluice::runtime
