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

// Where the client is to go on. A client takes the file's size for success: it is told only when
// the backend has taken the file. Until then, and when it never will, the last byte is withheld, so
// that the client sends it again and hears what became of the file.
std::uint64_t offset_of(const upload::Snapshot& snapshot) noexcept;

// Nothing is missing, whether or not the backend has the file.
bool is_whole(const upload::Snapshot& snapshot) noexcept;
bool is_refused(const upload::Snapshot& snapshot) noexcept;

// Upload-Offset and Upload-Expires.
void add_progress(http::Headers& headers, const upload::Snapshot& snapshot);

// The same for a HEAD, and what the client said of the upload. Of a final that is not made yet
// there is no offset.
void add_standing(http::Headers& headers, const upload::Snapshot& snapshot);

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7)
std::string to_imf_fixdate(Timestamp time);

// Of an append: the chunk has another checksum than it says. That is 460.
bool is_wrong_checksum(const ChunkRequest& chunk, const Error& error) noexcept;
http::Response checksum_answer();

// A line of text with Tus-Resumable.
http::Response plain_answer(int status, const std::string& text);
http::Response error_answer(const Error& error);

}  // namespace sluice::protocol::tus
