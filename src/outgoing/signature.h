// SPDX-License-Identifier: MIT
// Proves to a receiver that a request comes from Sluice and is what Sluice sent (docs/backend.md).
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "outgoing/http_request.h"

namespace sluice::outgoing {

// Adds X-Sluice-Body-SHA256 unless it is there or the body is not in memory, X-Sluice-Signed, which
// names every header that is there, and
//   X-Sluice-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256(secret, content)>
// where content is "<t>.<METHOD> <path and query>", the value of X-Sluice-Signed and the value of
// each header that it names, joined by "\n". Add no header afterwards that the receiver relies on.
void sign(HttpRequest& request, std::string_view secret, Timestamp now);

}  // namespace sluice::outgoing
