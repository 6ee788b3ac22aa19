// SPDX-License-Identifier: MIT
// The request of the Panda uploaders for browsers to the backend of their page. Knows no socket.
#pragma once

#include "base/error.h"
#include "protocol/parameters.h"

namespace sluice::protocol::panda {

// Parameters of a session from `payload={"filename":...,"filesize":...}`. Other members of the
// payload are kept with the session. bad_request for anything else.
Result<Parameters> parse_page_request(const Parameters& form);

}  // namespace sluice::protocol::panda
