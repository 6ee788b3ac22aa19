// SPDX-License-Identifier: MIT
// How long one waits for a peer, and how few bytes one puts up with.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.h"
#include "base/error.h"

namespace sluice::net {

struct Patience {
  Duration idle{0};  // For one byte.
  // In each `window` of waiting at least `bytes` must move; 0 bytes: any pace will do.
  Duration window{0};
  std::uint64_t bytes = 0;
};

// Measures one transfer against a Patience. Only time that was spent waiting for the peer counts:
// however busy this end is, that does not make the peer slow. Around each wait:
// before_wait(), a wait of at most wait_max(), waited().
class Progress {
 public:
  explicit Progress(const Patience& patience) : patience_(patience) {}

  // `moved` bytes have moved since the transfer began. idle_timeout when the peer was silent for
  // too long, or too slow.
  Result<> before_wait(std::uint64_t moved);
  Duration wait_max() const noexcept;
  void waited(std::chrono::steady_clock::duration spent) noexcept;

 private:
  using Time = std::chrono::steady_clock::duration;

  const Patience patience_;
  std::uint64_t moved_ = 0;
  std::uint64_t moved_before_window_ = 0;
  Time silent_{0};
  Time in_window_{0};
};

}  // namespace sluice::net
