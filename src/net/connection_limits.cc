// SPDX-License-Identifier: MIT
#include "net/connection_limits.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace sluice::net {
namespace {

AddressBytes source_of(const AddressBytes& peer) {
  constexpr Network v4{.address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF}, .prefix_bits = 96};
  if (v4.contains(peer)) {
    return peer;
  }
  AddressBytes source{};
  std::copy_n(peer.begin(), source.size() / 2, source.begin());
  return source;
}

}  // namespace

// Used under the mutex of `limits`. Not GUARDED_BY it: in the functions of ConnectionLimits the
// analysis cannot tell that this is their own mutex.
struct ConnectionSlot::Place {
  ConnectionLimits& limits;
  // Null where it does not count for its address.
  std::pair<const AddressBytes, ConnectionLimits::Crowd>* source = nullptr;
  std::function<void()> leave = [] {};
  std::uint64_t idle_since = 0;  // Its turn; 0 while it is not idle, or is leaving.
  bool is_leaving = false;
};

ConnectionSlot::ConnectionSlot(Gauge& open) : open_(&open) {
  open_->add(1);
}

ConnectionSlot::ConnectionSlot(ConnectionSlot&& other) noexcept
    : open_(std::exchange(other.open_, nullptr)), place_(std::move(other.place_)) {}

ConnectionSlot::~ConnectionSlot() {
  if (place_) {
    const MutexLock lock(place_->limits.mutex_);
    place_->limits.leave(*place_);
  }
  if (open_ != nullptr) {
    open_->add(-1);
  }
}

void ConnectionSlot::on_leave(std::function<void()> leave) {
  if (place_) {
    const MutexLock lock(place_->limits.mutex_);
    place_->leave = std::move(leave);
  }
}

void ConnectionSlot::begin_idle() {
  if (place_) {
    const MutexLock lock(place_->limits.mutex_);
    place_->limits.begin_idle(*place_);
  }
}

void ConnectionSlot::end_idle() noexcept {
  if (place_) {
    const MutexLock lock(place_->limits.mutex_);
    place_->limits.end_idle(*place_);
  }
}

bool ConnectionSlot::is_leaving() const noexcept {
  if (!place_) {
    return false;
  }
  const MutexLock lock(place_->limits.mutex_);
  return place_->is_leaving;
}

ConnectionLimits::ConnectionLimits(Settings settings, Metrics& metrics)
    : proxies_(std::move(settings.proxies)),
      metrics_(metrics),
      total_max_(settings.total_max),
      per_address_max_(settings.per_address_max) {}

void ConnectionLimits::change(std::uint64_t total_max, std::uint64_t per_address_max) {
  const MutexLock lock(mutex_);
  total_max_ = total_max;
  per_address_max_ = per_address_max;
}

std::expected<ConnectionSlot, const char*> ConnectionLimits::admit(
    const std::optional<AddressBytes>& peer) {
  auto place = std::make_unique<Place>(Place{.limits = *this});
  Leavers leavers;
  const char* refusal = nullptr;
  {
    const MutexLock lock(mutex_);
    refusal = take(*place, peer, leavers);
  }
  for (const std::function<void()>& leave : leavers) {
    leave();
  }
  if (refusal != nullptr) {
    return std::unexpected(refusal);
  }
  ConnectionSlot slot(metrics_.connections_open);
  slot.place_ = std::move(place);
  return slot;
}

const char* ConnectionLimits::take(Place& place, const std::optional<AddressBytes>& peer,
                                   Leavers& leavers) {
  if (peer && is_counted(*peer)) {
    const auto found = by_source_.find(source_of(*peer));
    if (found != by_source_.end() && !make_room(found->second, per_address_max_, leavers)) {
      return "there are too many open connections from its address";
    }
  }
  if (!make_room(all_, total_max_, leavers)) {
    return "there are too many open connections";
  }
  if (peer && is_counted(*peer)) {
    place.source = &*by_source_.try_emplace(source_of(*peer)).first;
    ++place.source->second.open;
  }
  ++all_.open;
  // The first request is still to come, however long the connection waits for its thread: a thread
  // that is late must not make connections without a word look like connections at work.
  begin_idle(place);
  return nullptr;
}

// Those that were told to go and came to be at work instead count again: so it is a loop.
bool ConnectionLimits::make_room(const Crowd& crowd, std::uint64_t open_max, Leavers& leavers) {
  while (crowd.open - crowd.leaving >= open_max) {
    if (crowd.idle.empty() || all_.leaving >= limits::connections_leaving_max) {
      return false;
    }
    Place& place = *crowd.idle.begin()->second;
    leavers.push_back(place.leave);
    end_idle(place);
    place.is_leaving = true;
    ++all_.leaving;
    if (place.source != nullptr) {
      ++place.source->second.leaving;
    }
    metrics_.connections_displaced.add();
  }
  return true;
}

void ConnectionLimits::begin_idle(Place& place) {
  end_idle(place);
  place.idle_since = ++turn_;
  all_.idle.emplace(place.idle_since, &place);
  if (place.source != nullptr) {
    place.source->second.idle.emplace(place.idle_since, &place);
  }
}

void ConnectionLimits::end_idle(Place& place) noexcept {
  if (place.idle_since != 0) {
    all_.idle.erase(place.idle_since);
    if (place.source != nullptr) {
      place.source->second.idle.erase(place.idle_since);
    }
    place.idle_since = 0;
  }
  if (std::exchange(place.is_leaving, false)) {
    --all_.leaving;
    if (place.source != nullptr) {
      --place.source->second.leaving;
    }
  }
}

void ConnectionLimits::leave(Place& place) noexcept {
  end_idle(place);
  --all_.open;
  if (place.source != nullptr && --place.source->second.open == 0) {
    by_source_.erase(place.source->first);
  }
}

std::size_t ConnectionLimits::sources() const {
  const MutexLock lock(mutex_);
  return by_source_.size();
}

std::string ConnectionLimits::client_of(const std::optional<AddressBytes>& peer) const {
  if (!peer || stands_for_many(*peer)) {
    return {};
  }
  const AddressBytes source = source_of(*peer);
  return {source.begin(), source.end()};
}

bool ConnectionLimits::is_counted(const AddressBytes& peer) const {
  return per_address_max_ > 0 && !stands_for_many(peer);
}

bool ConnectionLimits::stands_for_many(const AddressBytes& peer) const {
  return std::ranges::any_of(proxies_,
                             [&peer](const Network& proxy) { return proxy.contains(peer); });
}

}  // namespace sluice::net
