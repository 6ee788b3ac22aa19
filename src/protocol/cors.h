// SPDX-License-Identifier: MIT
// Cross-origin access for browsers (WHATWG Fetch 3.2). Upload locations are open to every origin:
// the URL itself is the capability, no cookie or credential is looked at.
#pragma once

#include <string>

#include "http/message.h"

namespace sluice::protocol {

// For every answer of an upload location, errors too: a script that cannot read an error takes it
// for a lost connection and repeats for ever what can never work.
void allow_any_origin(http::Headers& headers);

// What a preflight asks for, beside allow_any_origin(). `methods` as in Allow.
void answer_preflight(http::Headers& headers, const std::string& methods);

}  // namespace sluice::protocol
