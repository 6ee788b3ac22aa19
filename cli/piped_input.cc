// SPDX-License-Identifier: MIT
#include "cli/piped_input.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "base/check.h"
#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::cli {
namespace {

constexpr int poll_ms = 100;
constexpr Duration question_interval{100};

}  // namespace

PipedInput::PipedInput(int descriptor, std::size_t piece_bytes)
    : descriptor_(descriptor),
      ring_(2 * piece_bytes),
      came_at_(std::chrono::steady_clock::now()),
      thread_([this] { read_all(); }) {
  SLUICE_CHECK(piece_bytes > 0);
}

PipedInput::~PipedInput() {
  {
    const MutexLock lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

std::expected<std::optional<PipedInput::Available>, std::string> PipedInput::wait(
    ByteRange piece, Duration patience, const std::function<bool()>& goes_on) {
  for (;;) {
    {
      MutexLock lock(mutex_);
      // One byte more than the piece, or it might be the last one.
      changed_.wait_for(lock, question_interval, [&]() REQUIRES(mutex_) {
        return ended_ || !error_.empty() || size_ > piece.end;
      });
      if (!error_.empty()) {
        return std::unexpected(error_);
      }
      const bool is_late = std::chrono::steady_clock::now() - came_at_ >= patience;
      if (ended_ || size_ > piece.end || (is_late && size_ > piece.begin + 1)) {
        return Available{.end = ended_ ? size_ : size_ - 1, .ended = ended_};
      }
    }
    if (!goes_on()) {
      return std::nullopt;
    }
  }
}

void PipedInput::release(std::uint64_t until) {
  {
    const MutexLock lock(mutex_);
    released_ = std::max(released_, std::min(until, size_ == 0 ? 0 : size_ - 1));
  }
  changed_.notify_all();
}

std::uint64_t PipedInput::begin() const {
  const MutexLock lock(mutex_);
  return released_;
}

std::expected<std::size_t, std::string> PipedInput::read_at(std::span<char> into,
                                                            std::uint64_t offset) const {
  const MutexLock lock(mutex_);
  SLUICE_CHECK(offset >= released_ && offset < size_);
  const std::size_t at = offset % ring_.size();
  const std::size_t count =
      std::min({into.size(), ring_.size() - at, static_cast<std::size_t>(size_ - offset)});
  std::memcpy(into.data(), ring_.data() + at, count);
  return count;
}

std::string PipedInput::digest() const {
  const MutexLock lock(mutex_);
  return ended_ ? to_hex(hash_.so_far()) : "";
}

void PipedInput::read_all() {
  for (std::span<std::byte> into = room(); !into.empty(); into = room()) {
    // A read that waits for its writer cannot be interrupted, and would keep the process from its
    // end.
    pollfd readable{.fd = descriptor_, .events = POLLIN, .revents = 0};
    if (::poll(&readable, 1, poll_ms) == 0) {
      continue;
    }
    const ssize_t count = ::read(descriptor_, into.data(), into.size());
    const int reason = errno;
    if (count < 0 && (reason == EINTR || reason == EAGAIN)) {
      continue;
    }
    if (count > 0) {
      hash_.add(into.first(static_cast<std::size_t>(count)));
    }
    {
      const MutexLock lock(mutex_);
      came_at_ = std::chrono::steady_clock::now();
      if (count > 0) {
        size_ += static_cast<std::uint64_t>(count);
      } else if (count == 0) {
        ended_ = true;
      } else {
        error_ = "cannot be read: " + std::generic_category().message(reason);
      }
    }
    changed_.notify_all();
    if (count <= 0) {
      return;
    }
  }
}

std::span<std::byte> PipedInput::room() {
  MutexLock lock(mutex_);
  changed_.wait(lock,
                [this]() REQUIRES(mutex_) { return closing_ || size_ - released_ < ring_.size(); });
  if (closing_) {
    return {};
  }
  const std::size_t at = size_ % ring_.size();
  const std::size_t free = ring_.size() - static_cast<std::size_t>(size_ - released_);
  return std::span(ring_).subspan(at, std::min({free, ring_.size() - at, limits::buffer_bytes}));
}

}  // namespace sluice::cli
