// SPDX-License-Identifier: MIT
// How often uploads may be opened: a rate for each address, and one for each owner.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/limits.h"
#include "base/mutex.h"

namespace sluice::protocol {

// Token buckets, each of as many tokens as come in a minute. Of a bucket the time is kept at which
// it is full again: it is the same for one that was never used.
class TokenBuckets {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Span = std::chrono::nanoseconds;

  // 0 tokens: there is no bound. Beyond `known_max` buckets the one that was used longest ago is
  // forgotten.
  TokenBuckets(std::uint64_t per_minute, std::size_t known_max)
      : per_minute_(per_minute), known_max_(known_max) {}

  // A bucket is full again at the same time as before.
  void set_rate(std::uint64_t per_minute) noexcept { per_minute_ = per_minute; }

  // How long it takes until there is a token; zero: there is one.
  Span wait_for(const std::string& name, Time now) const;
  void take(const std::string& name, Time now);
  std::size_t known() const noexcept { return buckets_.size(); }

 private:
  struct Bucket {
    std::string name;
    Time full_at;
  };

  Span pause() const { return Span(std::chrono::minutes(1)) / per_minute_; }

  std::uint64_t per_minute_;
  const std::size_t known_max_;
  std::list<Bucket> buckets_;  // The latest used first.
  std::unordered_map<std::string, std::list<Bucket>::iterator> by_name_;
};

// Any thread.
class CreationRates {
 public:
  CreationRates(std::uint64_t per_address, std::uint64_t per_owner,
                std::size_t known_max = limits::rates_known_max)
      : addresses_(per_address, known_max), owners_(per_owner, known_max) {}

  void set_rates(std::uint64_t per_address, std::uint64_t per_owner);

  // Counts an upload that `client` (empty: many clients) opens for `owner` (empty: none). Where the
  // rate of one is used up nothing is counted: how long the client has to wait.
  std::optional<std::chrono::seconds> take(const std::string& client, const std::string& owner,
                                           TokenBuckets::Time now);

 private:
  Mutex mutex_;
  TokenBuckets addresses_ GUARDED_BY(mutex_);
  TokenBuckets owners_ GUARDED_BY(mutex_);
};

}  // namespace sluice::protocol
