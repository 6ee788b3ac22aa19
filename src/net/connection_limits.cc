// SPDX-License-Identifier: MIT
#include "net/connection_limits.h"

#include <algorithm>

#include "base/check.h"

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

ConnectionSlot::~ConnectionSlot() {
  if (limits_ != nullptr) {
    limits_->release(source_);
  }
  if (open_ != nullptr) {
    open_->add(-1);
  }
}

ConnectionLimits::ConnectionLimits(Settings settings, Gauge& open)
    : settings_(std::move(settings)), open_(open) {}

std::expected<ConnectionSlot, const char*> ConnectionLimits::admit(
    const std::optional<AddressBytes>& peer) {
  ConnectionSlot slot(open_);
  if (std::cmp_greater(open_.value(), settings_.total_max)) {
    return std::unexpected("there are too many open connections");
  }
  if (peer && is_counted(*peer)) {
    slot.source_ = source_of(*peer);
    const std::scoped_lock lock(mutex_);
    std::uint64_t& count = by_source_[slot.source_];
    if (count >= settings_.per_address_max) {
      return std::unexpected("there are too many open connections from its address");
    }
    ++count;
    slot.limits_ = this;
  }
  return slot;
}

std::size_t ConnectionLimits::sources() const {
  const std::scoped_lock lock(mutex_);
  return by_source_.size();
}

bool ConnectionLimits::is_counted(const AddressBytes& peer) const {
  return settings_.per_address_max > 0 &&
         std::ranges::none_of(settings_.proxies,
                              [&peer](const Network& proxy) { return proxy.contains(peer); });
}

void ConnectionLimits::release(const AddressBytes& source) noexcept {
  const std::scoped_lock lock(mutex_);
  const auto found = by_source_.find(source);
  SLUICE_CHECK(found != by_source_.end());
  if (--found->second == 0) {
    by_source_.erase(found);
  }
}

}  // namespace sluice::net
