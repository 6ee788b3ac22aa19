// SPDX-License-Identifier: MIT
// Bytes that can be read once: of a pipe, or standard input. A thread reads them ahead, and keeps
// the newest of them, so that what the server has not acknowledged can be sent again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/mutex.h"

namespace sluice::cli {

// Uses one thread of its own; the functions are for another one.
class PipedInput {
 public:
  // Keeps at most twice `piece_bytes`. `descriptor` stays open, and its owner's.
  PipedInput(int descriptor, std::size_t piece_bytes);
  ~PipedInput();
  PipedInput(const PipedInput&) = delete;
  PipedInput& operator=(const PipedInput&) = delete;

  struct Available {
    // Of the bytes so far. While more may come the newest one is kept back, so that there is a last
    // piece with bytes, however late the end is seen.
    std::uint64_t end = 0;
    bool ended = false;
  };
  // Waits until all bytes of `piece` are there, or the end, or until nothing came for `patience`
  // behind some of them. nullopt after a no of `goes_on`, which is asked several times a second.
  // The error is a sentence.
  std::expected<std::optional<Available>, std::string> wait(ByteRange piece, Duration patience,
                                                            const std::function<bool()>& goes_on);

  // The bytes before are not needed any more, but for the newest of all.
  void release(std::uint64_t until);
  // The first byte that is still there.
  std::uint64_t begin() const;
  // Bytes from `offset` on, which are there: how many. The error is a sentence.
  std::expected<std::size_t, std::string> read_at(std::span<char> into, std::uint64_t offset) const;
  // SHA-256 in hex of all bytes; after their end.
  std::string digest() const;

 private:
  using Time = std::chrono::steady_clock::time_point;

  void read_all();
  // Where the next bytes go; empty: the input is being closed.
  std::span<std::byte> room();
  bool is_closing() const;

  const int descriptor_;
  mutable Mutex mutex_;
  ConditionVariable changed_;
  // A ring. The thread writes without the mutex, into bytes that no reader is given.
  std::vector<std::byte> ring_;
  Sha256 hash_;  // The thread's, until the end.
  std::uint64_t released_ GUARDED_BY(mutex_) = 0;
  std::uint64_t size_ GUARDED_BY(mutex_) = 0;
  Time came_at_ GUARDED_BY(mutex_);
  bool ended_ GUARDED_BY(mutex_) = false;
  bool closing_ GUARDED_BY(mutex_) = false;
  std::string error_ GUARDED_BY(mutex_);
  std::thread thread_;  // The last member: it uses the others.
};

}  // namespace sluice::cli
