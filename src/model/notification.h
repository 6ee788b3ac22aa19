// SPDX-License-Identifier: MIT
// A notification as the journal remembers it.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace sluice::model {

// Something that a receiver outside is still to be told about an upload.
struct Notification {
  std::uint64_t id = 0;  // The journal gives it; later ones have higher ones.
  std::uint64_t upload_id = 0;
  std::string event;
  std::string key;  // The same for every attempt.
  std::string body;
  Timestamp created_at;
  unsigned attempts = 0;
  Timestamp next_attempt_at;  // Not before.

  friend bool operator==(const Notification&, const Notification&) = default;
};

}  // namespace sluice::model
