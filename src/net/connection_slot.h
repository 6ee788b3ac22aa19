// SPDX-License-Identifier: MIT
// One open connection in the count of open connections.
#pragma once

#include <utility>

#include "base/metrics.h"

namespace sluice::net {

// Counts for as long as it lives; any thread. The gauge must outlive it.
class ConnectionSlot {
 public:
  explicit ConnectionSlot(Gauge& open) : open_(&open) { open_->add(1); }
  ConnectionSlot(ConnectionSlot&& other) noexcept : open_(std::exchange(other.open_, nullptr)) {}
  ConnectionSlot& operator=(ConnectionSlot&&) = delete;
  ~ConnectionSlot() {
    if (open_ != nullptr) {
      open_->add(-1);
    }
  }

 private:
  Gauge* open_;
};

}  // namespace sluice::net
