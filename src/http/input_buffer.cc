// SPDX-License-Identifier: MIT
#include "http/input_buffer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/limits.h"

namespace sluice::http {

void InputBuffer::consume(std::size_t count) noexcept {
  SLUICE_CHECK(count <= end_ - begin_);
  begin_ += count;
  if (empty()) {
    begin_ = end_ = 0;
  }
}

MutableBytes InputBuffer::room(std::size_t capacity_max) {
  if (end_ == capacity_ && begin_ > 0) {
    std::memmove(memory_.get(), memory_.get() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
  }
  if (end_ == capacity_ && capacity_ < capacity_max) {
    move_to(std::min(std::max(2 * capacity_, limits::head_bytes_first), capacity_max));
  }
  return {memory_.get() + end_, capacity_ - end_};
}

void InputBuffer::reserve(std::size_t capacity) {
  if (capacity_ < capacity) {
    move_to(capacity);
  }
}

void InputBuffer::move_to(std::size_t capacity) {
  auto larger = std::make_unique_for_overwrite<std::byte[]>(capacity);
  std::ranges::copy(unread(), larger.get());
  end_ -= std::exchange(begin_, 0);
  capacity_ = capacity;
  memory_ = std::move(larger);
}

void InputBuffer::added(std::size_t count) noexcept {
  SLUICE_CHECK(count <= capacity_ - end_);
  end_ += count;
}

void InputBuffer::release() noexcept {
  if (empty()) {
    memory_.reset();
    capacity_ = 0;
  }
}

}  // namespace sluice::http
