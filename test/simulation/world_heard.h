// SPDX-License-Identifier: MIT
// The answer to a request of a simulated client.
#pragma once

#include <cstdint>

#include "http/exchange.h"
#include "http/message.h"
#include "simulation/world.h"

namespace sluice::simulation {

struct World::Heard {
  http::Request request;
  http::ReplyPtr reply;
  std::uint64_t bytes_read = 0;  // Of the body.
  Before before = {};            // As Sent has it.
  Told told = {};                // Once it was heard.

  int status() const noexcept { return reply->response.status; }
  bool is_success() const noexcept { return status() >= 200 && status() < 300; }
  // Of a request whose body broke off, among others.
  bool is_cut() const noexcept { return status() == 503; }
};

}  // namespace sluice::simulation
