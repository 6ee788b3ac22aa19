// SPDX-License-Identifier: MIT
#include "runtime/buffer_pool.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include "runtime/event.h"

namespace sluice::runtime {

Buffer::Buffer(BufferPool* pool, std::unique_ptr<std::byte[]> memory)
    : pool_(pool), memory_(std::move(memory)) {}

Buffer::Buffer(Buffer&& other) noexcept : pool_(other.pool_), memory_(std::move(other.memory_)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  release();
  pool_ = other.pool_;
  memory_ = std::move(other.memory_);
  return *this;
}

Buffer::~Buffer() {
  release();
}

MutableBytes Buffer::bytes() const noexcept {
  return {memory_.get(), pool_->buffer_bytes_};
}

void Buffer::release() noexcept {
  if (memory_) {
    pool_->give_back(std::move(memory_));
  }
}

BudgetShare::BudgetShare(BudgetShare&& other) noexcept
    : pool_(other.pool_), count_(std::exchange(other.count_, 0)) {}

BudgetShare::~BudgetShare() {
  for (; count_ > 0; --count_) {
    pool_->give_back(nullptr);
  }
}

BufferPool::BufferPool(std::size_t budget_bytes, Gauge& in_use, std::size_t buffer_bytes)
    : buffer_bytes_(buffer_bytes),
      count_max_(std::max<std::size_t>(budget_bytes / buffer_bytes, 1)),
      in_use_(in_use) {
  free_.reserve(count_max_);
}

BufferPool::~BufferPool() = default;

Task<Result<Buffer>> BufferPool::acquire(Duration timeout) {
  const auto give_up_at = std::chrono::steady_clock::now() + timeout;
  bool first = true;
  for (;;) {
    auto turn = std::make_shared<Event>();
    {
      const MutexLock lock(mutex_);
      // A new caller does not overtake waiting ones; a woken caller has waited.
      if (lent_ < count_max_ && (!first || waiting_.empty())) {
        ++lent_;
        in_use_.add(1);
        co_return Buffer(this, take());
      }
      first ? waiting_.push_back(turn) : waiting_.push_front(turn);
    }
    first = false;
    const auto left = std::chrono::ceil<Duration>(give_up_at - std::chrono::steady_clock::now());
    if (!co_await turn->wait(std::max(left, Duration::zero()))) {
      const MutexLock lock(mutex_);
      if (std::erase(waiting_, turn) == 1) {
        co_return fail(Errc::overloaded, "no memory for this request at the moment");
      }
      // Woken at the last moment: the turn is ours, so use it.
    }
  }
}

bool BufferPool::is_scarce() const {
  const MutexLock lock(mutex_);
  return lent_ > count_max_ / 2;
}

// Memory that is kept for the next buffers makes room for what the holder has.
std::optional<BudgetShare> BufferPool::spare(std::size_t bytes) {
  const std::size_t count = (bytes + buffer_bytes_ - 1) / buffer_bytes_;
  const MutexLock lock(mutex_);
  if (lent_ + count > count_max_ / 2) {
    return std::nullopt;
  }
  lent_ += count;
  in_use_.add(static_cast<std::int64_t>(count));
  while (!free_.empty() && free_.size() + lent_ > count_max_) {
    free_.pop_back();
  }
  return BudgetShare(*this, count);
}

std::unique_ptr<std::byte[]> BufferPool::take() {
  if (free_.empty()) {
    return std::make_unique_for_overwrite<std::byte[]>(buffer_bytes_);
  }
  std::unique_ptr<std::byte[]> memory = std::move(free_.back());
  free_.pop_back();
  return memory;
}

void BufferPool::give_back(std::unique_ptr<std::byte[]> memory) noexcept {
  std::shared_ptr<Event> next;
  {
    const MutexLock lock(mutex_);
    if (memory) {
      free_.push_back(std::move(memory));
    }
    --lent_;
    in_use_.add(-1);
    if (!waiting_.empty()) {
      next = std::move(waiting_.front());
      waiting_.pop_front();
    }
  }
  if (next) {
    next->set();
  }
}

}  // namespace sluice::runtime
