// SPDX-License-Identifier: MIT
#include "protocol/creation_rates.h"

#include <algorithm>

namespace sluice::protocol {

TokenBuckets::Span TokenBuckets::wait_for(const std::string& name, Time now) const {
  const auto found = by_name_.find(name);
  if (per_minute_ == 0 || found == by_name_.end()) {
    return Span::zero();
  }
  // With one token in it a bucket is full after one pause less than an empty one.
  const Span full_in = found->second->full_at - now;
  const Span with_one_in = pause() * (per_minute_ - 1);
  return std::max(full_in - with_one_in, Span::zero());
}

void TokenBuckets::take(const std::string& name, Time now) {
  if (per_minute_ == 0) {
    return;
  }
  auto found = by_name_.find(name);
  if (found == by_name_.end()) {
    if (buckets_.size() >= known_max_) {
      by_name_.erase(buckets_.back().name);
      buckets_.pop_back();
    }
    buckets_.push_front({name, now});
    found = by_name_.emplace(name, buckets_.begin()).first;
  }
  buckets_.splice(buckets_.begin(), buckets_, found->second);
  found->second->full_at = std::max(found->second->full_at, now) + pause();
}

void CreationRates::set_rates(std::uint64_t per_address, std::uint64_t per_owner) {
  const MutexLock lock(mutex_);
  addresses_.set_rate(per_address);
  owners_.set_rate(per_owner);
}

std::optional<std::chrono::seconds> CreationRates::take(const std::string& client,
                                                        const std::string& owner,
                                                        TokenBuckets::Time now) {
  const MutexLock lock(mutex_);
  const auto wait_for = [now](const TokenBuckets& buckets, const std::string& name) {
    return name.empty() ? TokenBuckets::Span::zero() : buckets.wait_for(name, now);
  };
  const auto wait = std::max(wait_for(addresses_, client), wait_for(owners_, owner));
  if (wait > TokenBuckets::Span::zero()) {
    return std::chrono::ceil<std::chrono::seconds>(wait);
  }
  if (!client.empty()) {
    addresses_.take(client, now);
  }
  if (!owner.empty()) {
    owners_.take(owner, now);
  }
  return std::nullopt;
}

}  // namespace sluice::protocol
