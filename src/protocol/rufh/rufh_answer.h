// SPDX-License-Identifier: MIT
// From an upload's snapshot to what its RUFH client is told. Knows no socket.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "http/message.h"
#include "protocol/rufh/interop_version.h"
#include "protocol/rufh/rufh_fields.h"
#include "upload/upload.h"

namespace sluice::protocol::rufh {

// Of a request that names a version which is spoken.
void add_version(http::Headers& headers, const RufhFields& fields);
// Upload-Complete, or the version's other word for it. True belongs to the backend's own answer,
// and to nothing else.
void add_completeness(http::Headers& headers, const InteropVersion& rules, bool is_complete);
void add_offset(http::Headers& headers, const upload::Snapshot& snapshot);

// The value of Upload-Limit. `life` is how long the upload is still kept; unset before there is
// one.
std::string upload_limit(const InteropVersion& rules, std::uint64_t file_size_max,
                         std::optional<Duration> life);

// The problems that the drafts register, as RFC 9457 says them.
http::Response offset_problem(std::uint64_t expected, std::uint64_t provided);
http::Response length_problem(const std::string& detail);
http::Response completed_problem();

}  // namespace sluice::protocol::rufh
