// SPDX-License-Identifier: MIT
// An upload as the journal remembers it and as all rooms speak of it. Values; docs/format.md shows
// them as a table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/range_set.h"
#include "model/answer.h"
#include "model/layout.h"

namespace sluice::model {

// receiving -> received -> delivering -> delivered | refused | failed | set_aside; refused, failed
// and set_aside -> received; and aborted, expired. The words stand in the journal.
enum class UploadState {
  receiving,
  received,
  delivering,
  delivered,
  refused,
  failed,
  aborted,
  expired,
  set_aside
};

const char* to_text(UploadState state) noexcept;
std::optional<UploadState> upload_state_from_text(std::string_view text) noexcept;

// The part of an upload that changes.
struct UploadProgress {
  // How often the journal has changed it. In a change: the version that the change is based on.
  std::uint64_t version = 0;
  UploadState state = UploadState::receiving;
  std::optional<std::uint64_t> file_size;  // Unset until it is known, before `received`.
  RangeSet stored;                         // Bytes that survive a power cut, but for:
  RangeSet unsynced;          // Bytes that a power cut may take. REQUIRES: `stored` has them.
  Timestamp expires_at;       // receiving: when it expires; at rest: when it is forgotten.
  bool blob_present = true;   // False once it is known that the store holds nothing of it.
  unsigned attempts = 0;      // Hand-offs begun and not answered.
  Timestamp next_attempt_at;  // Not before. refused, failed, set_aside: when that was decided.
  Timestamp handoff_since;    // When the file was complete, or was put back by the operator.
  // delivering, failed: why the last attempt failed. set_aside: why that.
  std::string failure;
  bool is_cleared = false;  // The checks have taken the file, or the operator has: none follows.
  std::optional<Answer> answer;

  friend bool operator==(const UploadProgress&, const UploadProgress&) = default;
};

struct UploadRecord {
  std::uint64_t id = 0;
  std::string token;  // The secret in the URL.
  std::string file_name;
  std::uint64_t file_size_max = 0;  // The most that the file may have, until its size is known.
  std::string content_type;
  std::string parameters;     // The session's parameters, a JSON object.
  std::string origin = "{}";  // Of the session's request, a JSON object: client address, headers.
  std::string owner;          // Owner of the credentials that opened the session; empty: none.
  std::optional<Layout> layout;  // Of a multi-chunk upload.
  // The language that the upload was opened in: a name that a dialect gives and reads.
  std::string dialect;
  std::string words;  // Of the client that opened it, as the dialect needs them for its answers.
  // Its bytes are for other uploads: it is complete without a hand-off.
  bool is_partial = false;
  // Tokens of the partial uploads that its file is made of, in their order; empty: clients send it.
  std::vector<std::string> partials;
  Timestamp created_at;
  UploadProgress progress;

  friend bool operator==(const UploadRecord&, const UploadRecord&) = default;
};

// The file's size, or the most that it may be while that is not known.
std::uint64_t size_bound(const UploadRecord& record) noexcept;

// aborted or expired: no client reaches it any more.
bool is_gone(UploadState state) noexcept;
// Of an upload that is over, and of which the store holds nothing, the journal keeps what answers
// need: neither parameters, origin nor partial uploads, and of an aborted or expired one no name,
// no type, no layout and no ranges.
bool is_settled(const UploadProgress& progress) noexcept;
// Reduces the record of a settled upload to the part that the journal keeps.
void forget_details(UploadRecord& record);

}  // namespace sluice::model
