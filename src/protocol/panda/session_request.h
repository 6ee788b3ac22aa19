// SPDX-License-Identifier: MIT
// From the parameters of `POST /videos/upload.json` to a new upload. Knows no socket.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "http/message.h"
#include "protocol/parameters.h"
#include "upload/upload.h"

namespace sluice::protocol::panda {

// bad_request names the parameter, what is expected and what came; file_too_large is for a size
// that no configuration allows. Everything but file_size, file_name and credentials is kept as the
// session's parameters, known or not.
Result<upload::NewUpload> parse_session_request(const Parameters& parameters);

// As model::UploadRecord keeps them: a JSON object.
std::string kept_parameters(const Parameters& parameters);

// Where the session comes from, as model::UploadRecord keeps it: {"address","headers"}. Of the
// request's headers only those that are named in `kept`; several of one name become one (RFC 9110
// 5.3).
std::string session_origin(const http::Request& request, const std::string& client_address,
                           const std::vector<std::string>& kept);

}  // namespace sluice::protocol::panda
