// SPDX-License-Identifier: MIT
// Pipes of the kernel, through which bytes go from a socket into a file without being copied into
// this process (splice(2)).
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/mutex.h"

namespace sluice::runtime {

// Holds limits::pipe_bytes. One thread at a time. Its content is lost with it. Neither end ever
// blocks.
class Pipe {
 public:
  // Empty where the system gives no descriptors, or not so much room: an unprivileged user gets 64
  // MiB for all pipes together (pipe(7), pipe-user-pages-soft).
  static std::optional<Pipe> open();
  Pipe(Pipe&& other) noexcept;
  Pipe& operator=(Pipe&& other) noexcept;
  ~Pipe();

  int read_end() const noexcept { return read_end_; }
  int write_end() const noexcept { return write_end_; }
  // Small segments of a network fill it long before its bytes do: each takes a page of it.
  bool is_full() const noexcept;

 private:
  Pipe(int read_end, int write_end) noexcept : read_end_(read_end), write_end_(write_end) {}
  void close() noexcept;

  int read_end_;
  int write_end_;
};

// Pipes that wait for their next use: never more than were in use at once. Any thread.
class PipePool {
 public:
  std::optional<Pipe> take();
  // REQUIRES: it is empty.
  void give_back(Pipe pipe);

 private:
  Mutex mutex_;
  std::vector<Pipe> free_ GUARDED_BY(mutex_);
};

}  // namespace sluice::runtime
