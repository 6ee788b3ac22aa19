// SPDX-License-Identifier: MIT
// A row of the table `uploads` and its record, whichever database it is.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "journal/columns.h"
#include "model/layout.h"
#include "model/upload.h"

namespace sluice::journal {

// The columns in the order in which the functions below take and bind them.
inline constexpr const char* upload_columns =
    "id, token, file_name, file_size, size_known, content_type, parameters, origin, owner, layout,"
    " dialect, words, is_partial, partials, created_at, version, state, stored, unsynced, "
    "expires_at,"
    " blob_present, attempts, next_attempt_at, handoff_since, failure, cleared, answer_status,"
    " answer_headers, answer_body, answer_spilled";
inline constexpr int upload_column_count = 30;

// The texts that a progress becomes; they must live while they are bound.
struct ProgressTexts {
  ProgressTexts(const model::UploadProgress& progress, const std::optional<model::Layout>& layout);

  std::string stored;
  std::string unsynced;
  std::string headers;
};

// Those of a whole record.
struct UploadTexts {
  explicit UploadTexts(const model::UploadRecord& record);

  std::string layout;
  std::string partials;  // With spaces between them.
  ProgressTexts progress;
  // How many records of 4 KiB the upload counts as.
  std::uint64_t weight = 1;
};

// All columns.
void bind_upload(Places& places, const model::UploadRecord& record, const UploadTexts& texts);
// The columns from `state` on.
void bind_progress(Places& places, const model::UploadProgress& progress,
                   const ProgressTexts& texts);

// Takes all columns. The error names the first one that holds nothing of ours.
std::expected<model::UploadRecord, const char*> take_upload(Fields& row);

}  // namespace sluice::journal
