// SPDX-License-Identifier: MIT
// From the request that opens a session to a new upload. Knows no socket.
#pragma once

#include "auth/authenticator.h"
#include "base/error.h"
#include "http/message.h"
#include "protocol/parameters.h"
#include "upload/upload.h"

namespace sluice::protocol::range308 {

// Only these ask for a session: `uploadType=resumable` in the query (`upload_type` of older
// clients), or X-Upload-Content-Length or X-Upload-Content-Type.
bool asks_for_session(const http::Request& request);

// `described` is what query and JSON body say, `vouched` what Access::judge() has left of it. The
// file's size is X-Upload-Content-Length, or else `size`, and may be unknown; its type
// X-Upload-Content-Type, or else `contentType` or `mimeType`; its name `file_name`, `name` or
// `title`. What no credential vouches for is kept as the one parameter "metadata". bad_request,
// file_too_large.
Result<upload::NewUpload> parse_session(const http::Request& request, const Parameters& described,
                                        const Parameters& vouched);

}  // namespace sluice::protocol::range308
