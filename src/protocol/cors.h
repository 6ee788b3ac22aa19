// SPDX-License-Identifier: MIT
// Cross-origin access for browsers (WHATWG Fetch 3.2). No cookie or credential is looked at, so
// none is asked for.
#pragma once

#include <string>

#include "http/message.h"
#include "protocol/origins.h"

namespace sluice::protocol {

// Lets scripts of `origins` read the answer to `request`. For every answer, errors too: a script
// that cannot read an error takes it for a lost connection and repeats for ever what can never
// work.
void allow_origin(http::Headers& headers, const Origins& origins, const http::Request& request);

// Is it the question that a browser asks before the request itself?
bool is_preflight(const http::Request& request);

// Headers that a preflight asks for, beside allow_origin(). `methods` as in Allow. Every request
// header is allowed, by its name: "*" would leave out Authorization, and names none for older
// browsers.
void answer_preflight(http::Headers& headers, const http::Request& request,
                      const std::string& methods);

// The policy that Flash asks for before it talks to a host (Adobe, Cross Domain Policy File).
http::Response crossdomain_answer(const Origins& origins);

}  // namespace sluice::protocol
