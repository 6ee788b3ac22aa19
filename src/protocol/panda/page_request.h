// SPDX-License-Identifier: MIT
// What the Panda uploaders for browsers ask the backend of their page for. Knows no socket.
#pragma once

#include "base/error.h"
#include "protocol/parameters.h"

namespace sluice::protocol::panda {

// Parameters of a session from `payload={"filename":...,"filesize":...}`. What else the page put
// into the payload is kept with the session. bad_request for anything else.
Result<Parameters> parse_page_request(const Parameters& form);

}  // namespace sluice::protocol::panda
