// SPDX-License-Identifier: MIT
// The operator's settings for hooks.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "delivery/retry_delay.h"
#include "hooks/events.h"
#include "journal/journal.h"
#include "outgoing/target.h"
#include "outgoing/trouble.h"

namespace sluice::hooks {

struct HookSettings {
  std::optional<outgoing::Target> authorize;        // Asked before a session is created.
  std::map<Event, outgoing::Target> receivers;      // Told of each event that is here.
  std::string secret;                               // Signs every request; empty: none is signed.
  std::string ca_file;                              // As outgoing::HttpRequest::ca_file.
  Duration timeout = limits::hook_timeout_default;  // For one whole request.
  std::vector<std::string> request_headers;         // Of the client's request, told to `authorize`.
  std::vector<int> trouble = outgoing::usual_trouble();  // For answers of `authorize`.
  delivery::RetryDelays delays;
  // An event that no receiver took for so long is dropped.
  Duration give_up_after = limits::hook_give_up_default;
  std::string node = journal::Lease().node;
  HistogramFamily* seconds = nullptr;  // Of requests, by hook and how they ended; null: none.
};

}  // namespace sluice::hooks
