// SPDX-License-Identifier: MIT
// The `timestamp` of signed requests, in every form that clients send. Knows no clock.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"

namespace sluice::auth {

// "2011-03-01T15:39:10", seconds optional; then a fraction of up to nine digits or none; then "Z",
// an offset ("+01:00", "+0100"), "UTC", or nothing, which means UTC too (panda-clients 5.2).
// nullopt for everything else, and for dates that do not exist.
std::optional<Timestamp> parse_timestamp(std::string_view text) noexcept;

}  // namespace sluice::auth
