// SPDX-License-Identifier: MIT
// From an upload's snapshot to what its tus client is told. Knows no socket.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "http/message.h"
#include "protocol/tus/chunk_request.h"
#include "upload/upload.h"

namespace sluice::protocol::tus {

// Upload-Offset and Upload-Expires.
void add_progress(http::Headers& headers, const upload::Snapshot& snapshot);

// The same for a HEAD, and what the client said of the upload. Of a final that is not made yet
// there is no offset.
void add_standing(http::Headers& headers, const upload::Snapshot& snapshot);

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7)
std::string to_imf_fixdate(Timestamp time);

// 460, for digest_mismatch.
http::Response checksum_answer();

// A line of text with Tus-Resumable.
http::Response plain_answer(int status, const std::string& text);
http::Response error_answer(const Error& error);

}  // namespace sluice::protocol::tus
