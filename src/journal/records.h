// SPDX-License-Identifier: MIT
// The journal's records: one an upload, one a video. Values; docs/format.md shows them as tables.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/range_set.h"
#include "journal/layout.h"

namespace sluice::journal {

// receiving -> received -> delivering -> delivered | refused | failed; refused and failed ->
// received; and aborted, expired. The words stand in the journal.
enum class UploadState {
  receiving,
  received,
  delivering,
  delivered,
  refused,
  failed,
  aborted,
  expired
};

const char* to_text(UploadState state) noexcept;
std::optional<UploadState> upload_state_from_text(std::string_view text) noexcept;

// The backend's answer, kept as it came: every repeat of the last piece gets it.
struct Answer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  // A body of so many bytes lies in a file of its own (store/answer_files.h), and `body` is empty.
  std::uint64_t spilled_bytes = 0;

  friend bool operator==(const Answer&, const Answer&) = default;
};

// The part of an upload that changes.
struct UploadProgress {
  // How often the journal has changed it. In a change: the version that the change is based on.
  std::uint64_t version = 0;
  UploadState state = UploadState::receiving;
  RangeSet stored;            // Bytes that survive a power cut, but for:
  RangeSet unsynced;          // Bytes that a power cut may take. REQUIRES: `stored` has them.
  Timestamp expires_at;       // receiving: when it expires; at rest: when it is forgotten.
  bool blob_present = true;   // False once it is known that the store holds nothing of it.
  unsigned attempts = 0;      // Hand-offs begun and not answered.
  Timestamp next_attempt_at;  // Not before. refused, failed: when that was decided.
  Timestamp handoff_since;    // When the file was complete, or was put back by the operator.
  std::string failure;        // failed: why the last attempt did.
  std::optional<Answer> answer;

  friend bool operator==(const UploadProgress&, const UploadProgress&) = default;
};

struct UploadRecord {
  std::uint64_t id = 0;
  std::string token;  // The secret in the URL.
  // Empty while the file is not known (IdentifyUpload): no client was told of the upload.
  std::string file_name;
  std::uint64_t file_size = 0;  // Until then, the most that the file may have.
  std::string content_type;
  std::string parameters;     // The session's parameters, a JSON object.
  std::string origin = "{}";  // Of the session's request, a JSON object: client address, headers.
  std::string owner;          // Owner of the credentials that opened the session; empty: none.
  std::optional<Layout> layout;  // Of a multi-chunk upload.
  Timestamp created_at;
  UploadProgress progress;

  friend bool operator==(const UploadRecord&, const UploadRecord&) = default;
};

// aborted or expired: 404 for everyone.
bool is_gone(UploadState state) noexcept;
// Of an upload that is over, and of which the store holds nothing, the journal keeps what answers
// need: neither parameters nor origin, and of an aborted or expired one no name, no layout and
// no ranges.
bool is_settled(const UploadProgress& progress) noexcept;
// Reduces the record of a settled upload to the part that the journal keeps.
void forget_details(UploadRecord& record);

// `document` and `metadata` are JSON texts that the video library reads and writes.
struct VideoRecord {
  std::string id;
  std::uint64_t upload_id = 0;
  Timestamp created_at;
  std::string status;  // processing, success, fail; or deleted: its files are being removed.
  bool source_present = true;
  std::string document;
  std::string metadata;
  std::string owner;             // The upload's.
  std::uint64_t files_size = 0;  // Bytes of all its files, the extra ones too.

  friend bool operator==(const VideoRecord&, const VideoRecord&) = default;
};

// Something that a receiver outside is still to be told about an upload.
struct Notification {
  std::uint64_t id = 0;  // The journal gives it; later ones have higher ones.
  std::uint64_t upload_id = 0;
  std::string event;
  std::string key;  // The same for every attempt.
  std::string body;
  Timestamp created_at;
  unsigned attempts = 0;
  Timestamp next_attempt_at;  // Not before.

  friend bool operator==(const Notification&, const Notification&) = default;
};

// How much an owner may have; unset: as much as they like.
struct OwnerLimits {
  std::optional<std::uint64_t> sessions;  // Uploads in `receiving`.
  std::optional<std::uint64_t> bytes;     // Of files of uploads that are not over, and of videos.
  // Uploads until they are forgotten, and videos; with long texts, some count for several.
  std::optional<std::uint64_t> records = std::nullopt;
};
// too_many_sessions or quota_exceeded when the owner would have more than `limits` with it.
struct CreateUpload {
  UploadRecord record;
  OwnerLimits limits = {};
};
// Facts known only when the file was there. The id has to be that of an upload in `receiving`; the
// limits are as above. Committed together with the UpdateUpload that names the bytes.
struct IdentifyUpload {
  std::uint64_t id = 0;
  std::uint64_t file_size = 0;
  std::string file_name;
  std::string content_type;
  std::string parameters;
  std::string origin;
  std::string owner;
  OwnerLimits limits;
};
// not_authorized when it has been used already. Remembered until `expires_at`.
struct UseSignature {
  std::string digest;
  Timestamp now;
  Timestamp expires_at;
};
// `conflict` when the upload has another version than `progress`. It has the next one then.
struct UpdateUpload {
  std::uint64_t id = 0;
  UploadProgress progress;
  // With Durability::interval: a power cut may take it back, before the next commit that must not
  // be lost. It stays in its order.
  bool may_be_lost = false;
  // The upload's. Without it the ranges of a multi-chunk upload take more room.
  std::optional<Layout> layout = std::nullopt;
};
// Makes all earlier commits survive a power cut.
struct SyncJournal {};
// `conflict` when the upload is there and has another version. Unset: it may have any.
struct RemoveUpload {
  std::uint64_t id = 0;
  std::optional<std::uint64_t> version = std::nullopt;
};
// Inserts or replaces.
struct PutVideo {
  VideoRecord record;
};
struct RemoveVideo {
  std::string id;
};
// Its id is given by the journal.
struct AddNotification {
  Notification notification;
};
struct PostponeNotification {
  std::uint64_t id = 0;
  unsigned attempts = 0;
  Timestamp next_attempt_at;
};
struct RemoveNotification {
  std::uint64_t id = 0;
};
using Change = std::variant<CreateUpload, IdentifyUpload, UseSignature, UpdateUpload, SyncJournal,
                            RemoveUpload, PutVideo, RemoveVideo, AddNotification,
                            PostponeNotification, RemoveNotification>;

}  // namespace sluice::journal
