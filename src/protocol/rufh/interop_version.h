// SPDX-License-Identifier: MIT
// The versions of the IETF draft "Resumable Uploads for HTTP", as clients number them in
// Upload-Draft-Interop-Version: where they differ, each is a row of a table. Knows no socket.
#pragma once

#include <cstdint>

#include "protocol/dialect_names.h"

namespace sluice::protocol::rufh {

// Drafts: 3 is -01, 4 is -02, 5 is -03, 6 is -04 and -05, 7 is -06 to -08, 8 is -09 to -11, 9 is
// -12, 10 is -13.
struct InteropVersion {
  std::uint64_t number;
  // Upload-Incomplete stands for Upload-Complete, and says the opposite.
  bool says_incomplete;
  // An append without it is refused; else it is the last.
  bool append_needs_completeness;
  // The body of an append is application/partial-upload.
  bool append_needs_media_type;
  // Upload-Limit, where the remaining life has this name; null: the field is not known.
  const char* lifetime_key;
  // 104 with Upload-Offset while bytes arrive.
  bool hears_progress;
  // An append to a complete upload is the problem completed-upload, not one of the offset.
  bool has_completed_problem;
  // The final answer to a creation names the upload's own URL.
  bool final_answer_has_location;
  // Of a part of a file that was stored.
  int append_status;
  // A client of this version opens an empty file as if more would come, and is content with that.
  bool empty_creation_is_whole;
};

// Null for a number that is not from the oldest to `newest`.
const InteropVersion* find_version(std::uint64_t number, std::uint64_t newest) noexcept;

}  // namespace sluice::protocol::rufh
