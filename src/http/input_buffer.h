// SPDX-License-Identifier: MIT
// Bytes of a connection that were received and are not used yet. It costs nothing while it is empty
// and released.
#pragma once

#include <cstddef>
#include <memory>

#include "base/bytes.h"

namespace sluice::http {

class InputBuffer {
 public:
  Bytes unread() const noexcept { return {memory_.get() + begin_, end_ - begin_}; }
  bool empty() const noexcept { return begin_ == end_; }
  // The first `count` unread bytes are used.
  void consume(std::size_t count) noexcept;

  // Free space behind the unread bytes, which may be moved for it. Starts small and doubles up to
  // `capacity_max`; empty when the unread bytes fill that.
  MutableBytes room(std::size_t capacity_max);
  // Makes the next room() that large at once when nothing is unread.
  void reserve(std::size_t capacity);
  // `count` bytes of the last room() were filled.
  void added(std::size_t count) noexcept;

  // Gives the memory back when nothing is unread.
  void release() noexcept;

 private:
  void move_to(std::size_t capacity);

  std::unique_ptr<std::byte[]> memory_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace sluice::http
