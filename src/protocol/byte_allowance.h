// SPDX-License-Identifier: MIT
// So many bytes for many takers: each says before how many it may need, and gives them back.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

#include "base/checked.h"

namespace sluice::protocol {

// Any thread.
class ByteAllowance {
 public:
  // What one taker has, until it is destroyed. The allowance outlives it.
  class Share {
   public:
    Share(ByteAllowance& allowance, std::uint64_t bytes) : allowance_(&allowance), bytes_(bytes) {}
    Share(Share&& other) noexcept
        : allowance_(std::exchange(other.allowance_, nullptr)), bytes_(other.bytes_) {}
    Share& operator=(Share&&) = delete;
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    ~Share() {
      if (allowance_ != nullptr) {
        allowance_->give_back(bytes_);
      }
    }

   private:
    ByteAllowance* allowance_;
    std::uint64_t bytes_;
  };

  explicit ByteAllowance(std::uint64_t bytes) : total_(bytes), left_(bytes) {}

  std::uint64_t total() const noexcept { return total_; }

  // Unset when there is not so much left.
  std::optional<Share> take(std::uint64_t bytes) {
    const std::scoped_lock lock(mutex_);
    if (bytes > left_) {
      return std::nullopt;
    }
    left_ = saturating_subtract(left_, bytes);
    return std::optional<Share>(std::in_place, *this, bytes);
  }

 private:
  void give_back(std::uint64_t bytes) {
    const std::scoped_lock lock(mutex_);
    left_ = saturating_add(left_, bytes);
  }

  const std::uint64_t total_;
  std::mutex mutex_;
  std::uint64_t left_;
};

}  // namespace sluice::protocol
