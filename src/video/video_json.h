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
// One line of JSON with what is known and nothing else.
std::string video_metadata(const VideoDescription& video);

}  // namespace sluice::video
