// SPDX-License-Identifier: MIT
#include "runtime/pipe.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "base/limits.h"

namespace sluice::runtime {

std::optional<Pipe> Pipe::open() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
    return std::nullopt;
  }
  Pipe pipe(ends[0], ends[1]);
  // With the 64 KiB that it has at first, it costs more than copying.
  if (::fcntl(pipe.write_end_, F_SETPIPE_SZ, static_cast<int>(limits::pipe_bytes)) < 0) {
    return std::nullopt;
  }
  return pipe;
}

Pipe::Pipe(Pipe&& other) noexcept
    : read_end_(std::exchange(other.read_end_, -1)),
      write_end_(std::exchange(other.write_end_, -1)) {}

Pipe& Pipe::operator=(Pipe&& other) noexcept {
  if (this != &other) {
    close();
    read_end_ = std::exchange(other.read_end_, -1);
    write_end_ = std::exchange(other.write_end_, -1);
  }
  return *this;
}

Pipe::~Pipe() {
  close();
}

void Pipe::close() noexcept {
  for (const int end : {read_end_, write_end_}) {
    if (end >= 0) {
      ::close(end);
    }
  }
}

bool Pipe::is_full() const noexcept {
  pollfd room{write_end_, POLLOUT, 0};
  return ::poll(&room, 1, 0) == 0;
}

std::optional<Pipe> PipePool::take() {
  {
    const MutexLock lock(mutex_);
    if (!free_.empty()) {
      Pipe pipe = std::move(free_.back());
      free_.pop_back();
      return pipe;
    }
  }
  return Pipe::open();
}

void PipePool::give_back(Pipe pipe) {
  const MutexLock lock(mutex_);
  free_.push_back(std::move(pipe));
}

}  // namespace sluice::runtime
