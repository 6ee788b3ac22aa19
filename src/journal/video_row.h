// SPDX-License-Identifier: MIT
// A row of the table `videos` and its record, whichever database it is.
#pragma once

#include <expected>
#include <string_view>

#include "journal/columns.h"
#include "model/video.h"

namespace sluice::journal {

// The columns in the order in which the functions below take and bind them.
inline constexpr const char* video_columns =
    "id, upload_id, created_at, status, source_present, document, metadata, owner, files_size";

bool is_video_status(std::string_view text) noexcept;

// All columns, and `weight` behind them.
void bind_video(Places& places, const model::VideoRecord& record);

// Takes all columns. The error names the first one that holds nothing of ours.
std::expected<model::VideoRecord, const char*> take_video(Fields& row);

}  // namespace sluice::journal
