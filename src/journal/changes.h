// SPDX-License-Identifier: MIT
// What can be committed to a journal: one change of one row each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "model/extent.h"
#include "model/layout.h"
#include "model/notification.h"
#include "model/upload.h"
#include "model/video.h"

namespace sluice::journal {

// How much an owner may have; unset: as much as they like.
struct OwnerLimits {
  std::optional<std::uint64_t> sessions;  // Uploads in `receiving`.
  std::optional<std::uint64_t> bytes;     // Of files of uploads that are not over, and of videos.
  // Uploads until they are forgotten, and videos; with long texts, some count for several.
  std::optional<std::uint64_t> records = std::nullopt;
};
// too_many_sessions or quota_exceeded when the owner would have more than `limits` with it.
// `conflict` when there is one with its token.
struct CreateUpload {
  model::UploadRecord record;
  OwnerLimits limits = {};
  std::vector<model::Extent> extents = {};  // Of the bytes that the record names as stored.
};
// not_authorized when it has been used already. Remembered until `expires_at`.
struct UseSignature {
  std::string digest;
  Timestamp now;
  Timestamp expires_at;
};
// `conflict` when the upload has another version than `progress`, or is gone. It has the next
// version afterwards. A size that was known stays so.
struct UpdateUpload {
  std::uint64_t id = 0;
  model::UploadProgress progress;
  // With Durability::interval: a power cut may take it back, before the next commit that must not
  // be lost. It stays in its order.
  bool may_be_lost = false;
  // The upload's. Without it the ranges of a multi-chunk upload take more room.
  std::optional<model::Layout> layout = std::nullopt;
  // Of bytes that `progress` names as stored. A byte that has an extent keeps it. All go with the
  // blob.
  std::vector<model::Extent> extents = {};
};
// Other objects hold the same bytes. `conflict` when one of `old` is not there as it is, or when
// `made` are not of the same bytes.
struct ReplaceExtents {
  std::uint64_t upload_id = 0;
  std::vector<model::Extent> old;
  std::vector<model::Extent> made;
};
// Makes all earlier commits survive a power cut.
struct SyncJournal {};
// `conflict` when there is no upload in this version. Unset: it may have any, or be gone. An upload
// with the same id may be created behind it in the same commit.
struct RemoveUpload {
  std::uint64_t id = 0;
  std::optional<std::uint64_t> version = std::nullopt;
};
// Inserts or replaces.
struct PutVideo {
  model::VideoRecord record;
};
struct RemoveVideo {
  std::string id;
};
// Its id is given by the journal.
struct AddNotification {
  model::Notification notification;
};
struct PostponeNotification {
  std::uint64_t id = 0;
  unsigned attempts = 0;
  Timestamp next_attempt_at;
};
struct RemoveNotification {
  std::uint64_t id = 0;
};
using Change = std::variant<CreateUpload, UseSignature, UpdateUpload, ReplaceExtents, SyncJournal,
                            RemoveUpload, PutVideo, RemoveVideo, AddNotification,
                            PostponeNotification, RemoveNotification>;

}  // namespace sluice::journal
