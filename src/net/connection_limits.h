// SPDX-License-Identifier: MIT
// Which connections may be open at the same time, in all and from one address.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/metrics.h"
#include "net/network.h"

namespace sluice::net {

class ConnectionLimits;

// One open connection in the count of open connections, for as long as it lives; any thread. What
// it counts in must outlive it.
class ConnectionSlot {
 public:
  explicit ConnectionSlot(Gauge& open) : open_(&open) { open_->add(1); }
  ConnectionSlot(ConnectionSlot&& other) noexcept
      : open_(std::exchange(other.open_, nullptr)),
        limits_(std::exchange(other.limits_, nullptr)),
        source_(other.source_) {}
  ConnectionSlot& operator=(ConnectionSlot&&) = delete;
  ~ConnectionSlot();

 private:
  friend class ConnectionLimits;

  Gauge* open_;
  ConnectionLimits* limits_ = nullptr;  // Where it counts for its address.
  AddressBytes source_{};
};

// Shared by all listeners of clients. Any thread.
class ConnectionLimits {
 public:
  struct Settings {
    std::uint64_t total_max = 0;
    std::uint64_t per_address_max = 0;
    // Addresses that stand for many clients.
    std::vector<Network> proxies;
  };

  ConnectionLimits(Settings settings, Gauge& open);
  ConnectionLimits(const ConnectionLimits&) = delete;
  ConnectionLimits& operator=(const ConnectionLimits&) = delete;

  // A place for a connection from `peer` (nullopt: from no address, over a Unix socket), or why
  // there is none. An IPv6 address counts with its /64: a client has all of that.
  std::expected<ConnectionSlot, const char*> admit(const std::optional<AddressBytes>& peer);

  // Addresses of which connections are counted.
  std::size_t sources() const;

 private:
  friend class ConnectionSlot;

  bool is_counted(const AddressBytes& peer) const;
  void release(const AddressBytes& source) noexcept;

  const Settings settings_;
  Gauge& open_;
  mutable std::mutex mutex_;
  std::map<AddressBytes, std::uint64_t> by_source_;
};

}  // namespace sluice::net
