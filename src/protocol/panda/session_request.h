// SPDX-License-Identifier: MIT
// From the parameters of `POST /videos/upload.json` to a new upload. Knows no socket.
#pragma once

#include "base/error.h"
#include "protocol/parameters.h"
#include "upload/upload.h"

namespace sluice::protocol::panda {

// bad_request names the parameter, what is expected and what came; file_too_large is for a size
// that no configuration allows. Everything but file_size, file_name and credentials is kept as the
// session's parameters, known or not.
Result<upload::NewUpload> parse_session_request(const Parameters& parameters);

}  // namespace sluice::protocol::panda
