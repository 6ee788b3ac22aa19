// SPDX-License-Identifier: MIT
// A share of a sender for one purpose: a flood of it is refused, and takes nothing from the others.
#pragma once

#include <atomic>
#include <cstddef>

#include "outgoing/sender.h"

namespace sluice::outgoing {

// Any thread. `sender` takes the requests of all its purposes together.
class BoundedSender final : public Sender {
 public:
  BoundedSender(Sender& sender, std::size_t requests_max)
      : sender_(sender), requests_max_(requests_max) {}

  // overloaded, without a request, where `requests_max` are under way.
  runtime::Task<Result<HttpAnswer>> send(HttpRequest request) override;

 private:
  Sender& sender_;
  const std::size_t requests_max_;
  std::atomic<std::size_t> count_ = 0;
};

}  // namespace sluice::outgoing
