// SPDX-License-Identifier: MIT
// The facts about a probed media file, and their form on the way out of the probe's helper process.
// Sans-IO.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace sluice::video {

// Numbers are 0 and texts empty where the file does not say. Numbers fit in 32 bits with sign:
// clients hold them in an int.
struct MediaInfo {
  std::string container;    // libavformat's names: "mov,mp4,m4a,3gp,3g2,mj2".
  std::string major_brand;  // Of the MP4 family: "isom", "qt".
  std::uint32_t duration_ms = 0;
  std::uint32_t width = 0;  // As coded: a display rotation is not applied. See seen_size().
  std::uint32_t height = 0;
  std::uint32_t rotation_degrees = 0;  // Clockwise, 0 to 359.
  double fps = 0;
  std::string video_codec;
  std::string audio_codec;
  std::uint32_t video_kbits_per_second = 0;
  std::uint32_t audio_kbits_per_second = 0;
  std::uint32_t audio_channels = 0;
  std::uint32_t audio_sample_rate = 0;

  friend bool operator==(const MediaInfo&, const MediaInfo&) = default;
};

// Reads the helper's line of JSON. The helper has parsed hostile bytes, so its words are hostile
// too: unsupported_media_type for anything that a sound helper would not say.
Result<MediaInfo> parse_media_info(std::string_view line);

// Width and height of the picture that a viewer sees: the rotation is applied.
std::pair<std::uint32_t, std::uint32_t> seen_size(const MediaInfo& media) noexcept;

// The MIME type; empty where the container has none that is in use.
std::string_view mime_type(const MediaInfo& media) noexcept;

}  // namespace sluice::video
