// SPDX-License-Identifier: MIT
// Which connections may be open at the same time, in all and from one address.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "base/mutex.h"
#include "net/network.h"

namespace sluice::net {

// One open connection in the count of open connections, for as long as it lives. The counters must
// outlive it. One thread at a time.
class ConnectionSlot {
 public:
  // It is counted, and has no limits.
  explicit ConnectionSlot(Gauge& open);
  ConnectionSlot(ConnectionSlot&& other) noexcept;
  ConnectionSlot& operator=(ConnectionSlot&&) = delete;
  ~ConnectionSlot();

  // Any thread calls `leave` when the connection has to go for a new one. One that had to go before
  // this call is not told: it counts again with its next begin_idle().
  void on_leave(std::function<void()> leave);
  // No request is under way, as from the admission on: where all places are taken, the connection
  // that has been idle for longest has to go. Once more: it is idle from now on.
  void begin_idle();
  void end_idle() noexcept;
  // It has to go, and is idle still.
  bool is_leaving() const noexcept;

 private:
  friend class ConnectionLimits;
  struct Place;

  Gauge* open_;
  std::unique_ptr<Place> place_;  // Null where there are no limits.
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

  ConnectionLimits(Settings settings, Metrics& metrics);
  ConnectionLimits(const ConnectionLimits&) = delete;
  ConnectionLimits& operator=(const ConnectionLimits&) = delete;

  // For connections that come from now on; those that are there stay. Any thread.
  void change(std::uint64_t total_max, std::uint64_t per_address_max);

  // A place for a connection from `peer` (nullopt: from no address, over a Unix socket), or why
  // there is none. An IPv6 address counts with its /64: a client has all of that. Where all places
  // are taken, the longest idle connection leaves for it: one of the same address, if that has all
  // that it may have.
  std::expected<ConnectionSlot, const char*> admit(const std::optional<AddressBytes>& peer);

  // A name for the client at `peer`, the same for all of an IPv6 /64; empty for addresses that
  // stand for many.
  std::string client_of(const std::optional<AddressBytes>& peer) const;

  // Addresses of which connections are counted.
  std::size_t sources() const;

 private:
  friend class ConnectionSlot;
  using Place = ConnectionSlot::Place;

  struct Crowd {
    std::uint64_t open = 0;
    std::uint64_t leaving = 0;             // Of these: they were told to go.
    std::map<std::uint64_t, Place*> idle;  // The longest idle first.
  };
  // Callbacks, to be called without the lock.
  using Leavers = std::vector<std::function<void()>>;

  bool is_counted(const AddressBytes& peer) const REQUIRES(mutex_);
  bool stands_for_many(const AddressBytes& peer) const;
  // Null: the place is taken.
  const char* take(Place& place, const std::optional<AddressBytes>& peer, Leavers& leavers)
      REQUIRES(mutex_);
  bool make_room(const Crowd& crowd, std::uint64_t open_max, Leavers& leavers) REQUIRES(mutex_);
  void begin_idle(Place& place) REQUIRES(mutex_);
  void end_idle(Place& place) noexcept REQUIRES(mutex_);
  void leave(Place& place) noexcept REQUIRES(mutex_);

  const std::vector<Network> proxies_;
  Metrics& metrics_;
  mutable Mutex mutex_;
  std::uint64_t total_max_ GUARDED_BY(mutex_);
  std::uint64_t per_address_max_ GUARDED_BY(mutex_);
  Crowd all_ GUARDED_BY(mutex_);
  std::map<AddressBytes, Crowd> by_source_ GUARDED_BY(mutex_);
  std::uint64_t turn_ GUARDED_BY(mutex_) = 0;  // Of the last connection that became idle.
};

}  // namespace sluice::net
