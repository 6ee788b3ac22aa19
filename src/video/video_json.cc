// SPDX-License-Identifier: MIT
#include "video/video_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <chrono>

#include "base/check.h"
#include "library/document.h"
#include "library/stored_names.h"

namespace sluice::video {

using library::last_component;
using library::ObjectText;
using library::stored_extension;

namespace {

namespace json = boost::json;

constexpr std::array<const char*, 3> status_texts{"processing", "success", "fail"};

std::string plain_text(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

// Clients send a list of profiles as text with commas or as an array; their models hold a text.
std::string profiles_text(const json::value& value) {
  if (!value.is_array()) {
    return plain_text(value);
  }
  std::string text;
  for (const json::value& profile : value.get_array()) {
    text += text.empty() ? "" : ",";
    text += plain_text(profile);
  }
  return text;
}

void add_parameters(ObjectText& document, std::string_view parameters) {
  const json::object object = library::parse_object(parameters);
  const auto given = [&object](std::string_view name) -> const json::value* {
    const json::value* value = object.if_contains(name);
    return value != nullptr && !value->is_null() ? value : nullptr;
  };
  if (const json::value* payload = given("payload")) {
    document.add("payload", plain_text(*payload));
  }
  if (const json::value* path_format = given("path_format")) {
    document.add("path_format", plain_text(*path_format));
  }
  if (const json::value* profiles = given("profiles")) {
    document.add("profiles", profiles_text(*profiles));
  }
}

std::string time_text(Timestamp time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  return fmt::format("{:04}/{:02}/{:02} {:02}:{:02}:{:02} +0000", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

// The forms of ExifTool, which is where the metadata of this API came from.
std::string duration_text(std::uint32_t duration_ms) {
  if (duration_ms < 30'000) {
    return fmt::format("{:.2f} s", duration_ms / 1000.0);
  }
  const std::uint32_t seconds = (duration_ms + 500) / 1000;
  return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::uint64_t unit = 1024;
  if (bytes < 2 * unit) {
    return fmt::format("{} bytes", bytes);
  }
  double amount = static_cast<double>(bytes) / unit;
  const char* name = "kB";
  if (bytes >= 2 * unit * unit * unit) {
    amount /= unit * unit;
    name = "GB";
  } else if (bytes >= 2 * unit * unit) {
    amount /= unit;
    name = "MB";
  }
  return amount < 10 ? fmt::format("{:.1f} {}", amount, name)
                     : fmt::format("{:.0f} {}", amount, name);
}

}  // namespace

const char* to_text(VideoStatus status) noexcept {
  const auto index = static_cast<std::size_t>(status);
  SLUICE_CHECK(index < status_texts.size());
  return status_texts[index];
}

std::optional<VideoStatus> video_status_from_text(std::string_view text) noexcept {
  const auto found = std::ranges::find(status_texts, text);
  if (found == status_texts.end()) {
    return std::nullopt;
  }
  return static_cast<VideoStatus>(found - status_texts.begin());
}

std::string video_document(const VideoDescription& video) {
  const MediaInfo& media = video.media;
  const auto [width, height] = seen_size(media);
  ObjectText document;
  document.add("id", video.id);
  document.add("status", to_text(video.status));
  if (video.status == VideoStatus::fail) {
    document.add("error_class", "FormatNotRecognised");
    document.add("error_message", "The file was not recognised as video or audio");
  }
  document.add("created_at", time_text(video.created_at));
  document.add("updated_at", time_text(video.created_at));
  document.add_or_null("mime_type", mime_type(media));
  document.add("original_filename", last_component(video.file_name));
  document.add_or_null("source_url", "");
  document.add("duration", media.duration_ms);
  document.add("width", width);
  document.add("height", height);
  document.add("extname", stored_extension(video.file_name));
  document.add("file_size", video.file_size);
  document.add("video_bitrate", media.video_kbits_per_second);
  document.add("audio_bitrate", media.audio_kbits_per_second);
  document.add_or_null("audio_codec", media.audio_codec);
  document.add_or_null("video_codec", media.video_codec);
  document.add("fps", media.fps);
  document.add("audio_channels", media.audio_channels);
  document.add("audio_sample_rate", media.audio_sample_rate);
  document.add("path", video.id);
  add_parameters(document, video.parameters);
  if (!video.extra_files.empty()) {
    document.add_raw("extra_files", library::extra_files_text(video.id, video.extra_files));
  }
  return std::move(document).finish();
}

std::string video_metadata(const VideoDescription& video) {
  const MediaInfo& media = video.media;
  ObjectText metadata;
  metadata.add("file_name", last_component(video.file_name));
  metadata.add("file_size", size_text(video.file_size));
  const auto add_known = [&metadata](std::string_view name, std::string_view value) {
    if (!value.empty()) {
      metadata.add(name, value);
    }
  };
  add_known("mime_type", mime_type(media));
  add_known("container", media.container);
  add_known("major_brand", media.major_brand);
  if (media.duration_ms != 0) {
    metadata.add("duration", duration_text(media.duration_ms));
  }
  if (!media.video_codec.empty()) {
    metadata.add("video_codec", media.video_codec);
    metadata.add("image_width", media.width);
    metadata.add("image_height", media.height);
    metadata.add("image_size", fmt::format("{}x{}", media.width, media.height));
    metadata.add("video_frame_rate", media.fps);
    metadata.add("rotation", media.rotation_degrees);
  }
  if (media.video_kbits_per_second != 0) {
    metadata.add("video_bitrate", fmt::format("{} kbps", media.video_kbits_per_second));
  }
  if (!media.audio_codec.empty()) {
    metadata.add("audio_codec", media.audio_codec);
    metadata.add("audio_channels", media.audio_channels);
    metadata.add("audio_sample_rate", media.audio_sample_rate);
  }
  if (media.audio_kbits_per_second != 0) {
    metadata.add("audio_bitrate", fmt::format("{} kbps", media.audio_kbits_per_second));
  }
  return std::move(metadata).finish();
}

}  // namespace sluice::video
