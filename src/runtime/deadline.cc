// SPDX-License-Identifier: MIT
#include "runtime/deadline.h"

#include <utility>

namespace sluice::runtime {

Deadline::Deadline(DeadlineSweeper& sweeper, std::function<void()> expired)
    : sweeper_(sweeper), expired_(std::move(expired)) {
  sweeper_.deadlines_.push_back(*this);
}

Deadline::~Deadline() {
  sweeper_.deadlines_.erase(sweeper_.deadlines_.iterator_to(*this));
}

void Deadline::arm(Duration timeout) noexcept {
  expires_at_ = std::chrono::steady_clock::now() + timeout;
}

void Deadline::disarm() noexcept {
  expires_at_ = std::chrono::steady_clock::time_point::max();
}

void DeadlineSweeper::sweep(std::chrono::steady_clock::time_point now) {
  // A callback cancels I/O, which only posts: no Deadline is destroyed inside this loop.
  for (Deadline& deadline : deadlines_) {
    if (deadline.expires_at_ <= now) {
      deadline.disarm();
      deadline.expired_();
    }
  }
}

Task<> DeadlineSweeper::run() {
  for (;;) {
    co_await sleep_for(period);
    sweep(std::chrono::steady_clock::now());
  }
}

}  // namespace sluice::runtime
