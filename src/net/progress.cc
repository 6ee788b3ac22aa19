// SPDX-License-Identifier: MIT
#include "net/progress.h"

#include <algorithm>
#include <string>
#include <utility>

namespace sluice::net {

Result<> Progress::before_wait(std::uint64_t moved) {
  if (moved != std::exchange(moved_, moved)) {
    silent_ = Time::zero();
  }
  if (silent_ > Time::zero() && silent_ >= patience_.idle) {
    return fail(Errc::idle_timeout,
                "the peer was silent for " + std::to_string(patience_.idle.count()) + " ms");
  }
  if (patience_.bytes == 0 || in_window_ < patience_.window) {
    return {};
  }
  in_window_ = Time::zero();
  const std::uint64_t in_window = moved - std::exchange(moved_before_window_, moved);
  if (in_window < patience_.bytes) {
    return fail(Errc::idle_timeout, "the peer is too slow: expected at least " +
                                        std::to_string(patience_.bytes) + " bytes in " +
                                        std::to_string(patience_.window.count()) + " ms, got " +
                                        std::to_string(in_window));
  }
  return {};
}

Duration Progress::wait_max() const noexcept {
  Time most = patience_.idle - silent_;
  if (patience_.bytes > 0) {
    most = std::min<Time>(most, patience_.window - in_window_);
  }
  return std::max(std::chrono::ceil<Duration>(most), Duration(1));
}

void Progress::waited(Time spent) noexcept {
  silent_ += spent;
  in_window_ += spent;
}

}  // namespace sluice::net
