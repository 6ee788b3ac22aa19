// SPDX-License-Identifier: MIT
// The documents of a video: Video JSON as every Panda client reads it, and the free-form metadata.
// Sans-IO.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "delivery/backend.h"
#include "video/media_info.h"

namespace sluice::video {

enum class VideoStatus { processing, success, fail };

const char* to_text(VideoStatus status) noexcept;
std::optional<VideoStatus> video_status_from_text(std::string_view text) noexcept;

// `fail` is a file that is no media; `media` is then left as it begins.
struct VideoDescription {
  std::string id;
  Timestamp created_at;
  VideoStatus status = VideoStatus::success;
  std::string file_name;  // As the client gave it, path and all.
  std::uint64_t file_size = 0;
  std::string parameters;  // The session's, a JSON object.
  std::vector<model::ExtraFile> extra_files;
  MediaInfo media;
};

// One line of JSON. Numbers are never null and a video that did not fail has no member whose name
// clients take for a failure (`error`).
std::string video_document(const VideoDescription& video);
// The document as it is told to the sender of a multi-chunk upload: nothing but "processing" is a
// success there (panda-clients 4.3).
std::string processing_document(std::string_view document);
// One line of JSON with what is known and nothing else.
std::string video_metadata(const VideoDescription& video);

// The id of the video that a hand-off with this key becomes: 32 hex digits, the same in every
// attempt.
std::string video_id(const std::string& idempotency_key);
// The suffix of the id in the file's name: a dot and 1 to 16 lower-case letters and digits, or
// nothing. No other part of a client's file name ever reaches a path.
std::string stored_extension(std::string_view file_name);
// The suffix of the id in the name of an extra file: "-1.srt" for the first.
std::string extra_file_suffix(std::size_t index, std::string_view file_name);
// The same from a document; storage_failed when that is not one of ours.
Result<std::string> stored_extension_of(std::string_view document);
// The file's size from a document, likewise.
Result<std::uint64_t> stored_size_of(std::string_view document);

struct StoredExtraFile {
  std::string suffix;  // As of extra_file_suffix().
  std::uint64_t size = 0;
};
// The extra files from a document, likewise.
Result<std::vector<StoredExtraFile>> stored_extra_files_of(std::string_view document);

}  // namespace sluice::video
