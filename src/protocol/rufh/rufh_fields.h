// SPDX-License-Identifier: MIT
// What the head of a request says in the words of RUFH. Knows no socket.
#pragma once

#include <cstdint>
#include <optional>

#include "base/error.h"
#include "http/message.h"
#include "protocol/rufh/interop_version.h"

namespace sluice::protocol::rufh {

inline constexpr const char* partial_upload_type = "application/partial-upload";

struct RufhFields {
  // Whose rules count. Of a request that names no version that is spoken: the newest, or 3 where
  // the request's only word is Upload-Incomplete.
  const InteropVersion* rules = nullptr;
  bool names_version = false;
  // The request names `rules`: its client knows 104 and reads the version of answers.
  bool is_spoken = false;
  bool is_foreign() const noexcept { return names_version && !is_spoken; }

  std::optional<bool> is_complete;
  std::optional<std::uint64_t> offset;
  std::optional<std::uint64_t> length;
};

// The request is in words of RUFH, and in none of tus.
bool is_in_rufh(const http::Request& request) noexcept;

// The rules of the version. One that cannot be read is one that is not spoken. REQUIRES: `newest`
// is from rufh_oldest to rufh_newest.
RufhFields parse_version(const http::Headers& headers, std::uint64_t newest);
// The rest, by these rules. bad_request for a field that breaks the rules of structured fields, or
// has another type: nothing is guessed (RFC 9651 4.2).
Result<> parse_state(const http::Headers& headers, RufhFields& fields);

// The bytes of the body, where the framing says so.
std::optional<std::uint64_t> content_length_of(const http::Request& request) noexcept;

}  // namespace sluice::protocol::rufh
