// SPDX-License-Identifier: MIT
// So many bytes for many takers: each says before how many it may need, and gives them back. Those
// of one client together have no more than a part.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/checked.h"
#include "base/mutex.h"

namespace sluice::protocol::panda {

// Any thread.
class ByteAllowance {
 public:
  // The bytes of one request, until the share is destroyed. The allowance outlives it.
  class Share {
   public:
    Share(ByteAllowance& allowance, std::uint64_t bytes, std::string client)
        : allowance_(&allowance), bytes_(bytes), client_(std::move(client)) {}
    Share(Share&& other) noexcept
        : allowance_(std::exchange(other.allowance_, nullptr)),
          bytes_(other.bytes_),
          client_(std::move(other.client_)) {}
    Share& operator=(Share&&) = delete;
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    ~Share() {
      if (allowance_ != nullptr) {
        allowance_->give_back(bytes_, client_);
      }
    }

   private:
    ByteAllowance* allowance_;
    std::uint64_t bytes_;
    std::string client_;
  };

  // `per_client`: for the takers of one client.
  ByteAllowance(std::uint64_t bytes, std::uint64_t per_client)
      : total_(bytes), per_client_(std::min(bytes, per_client)), left_(bytes) {}

  // The most that the client can have. An empty name stands for many clients.
  std::uint64_t most_of(const std::string& client) const noexcept {
    return client.empty() ? total_ : per_client_;
  }

  // Unset when there is not so much left.
  std::optional<Share> take(std::uint64_t bytes, const std::string& client) {
    const MutexLock lock(mutex_);
    const auto taken = taken_by_.find(client);
    const std::uint64_t before = taken == taken_by_.end() ? 0 : taken->second;
    if (bytes > left_ || bytes > saturating_subtract(most_of(client), before)) {
      return std::nullopt;
    }
    left_ = saturating_subtract(left_, bytes);
    if (!client.empty()) {
      taken_by_[client] = saturating_add(before, bytes);
    }
    return std::optional<Share>(std::in_place, *this, bytes, client);
  }

 private:
  void give_back(std::uint64_t bytes, const std::string& client) {
    const MutexLock lock(mutex_);
    left_ = saturating_add(left_, bytes);
    if (const auto taken = taken_by_.find(client); taken != taken_by_.end()) {
      taken->second = saturating_subtract(taken->second, bytes);
      if (taken->second == 0) {
        taken_by_.erase(taken);
      }
    }
  }

  const std::uint64_t total_;
  const std::uint64_t per_client_;
  Mutex mutex_;
  std::uint64_t left_ GUARDED_BY(mutex_);
  std::map<std::string, std::uint64_t> taken_by_ GUARDED_BY(mutex_);
};

}  // namespace sluice::protocol::panda
