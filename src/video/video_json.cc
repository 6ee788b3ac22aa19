// SPDX-License-Identifier: MIT
#include "video/video_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <concepts>

#include "base/check.h"
#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::video {
namespace {

namespace json = boost::json;

constexpr std::size_t extension_letters_max = 16;
constexpr std::array<const char*, 3> status_texts{"processing", "success", "fail"};

// Boost.JSON writes a rate of 25 as 2.5E1, which is correct but which no reader expects.
std::string decimal_text(double number) {
  std::string text = fmt::format("{:.3f}", number);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) {
    text.pop_back();
  }
  return text;
}

// An object's text, member by member, in the order in which they are added.
class ObjectText {
 public:
  void add(std::string_view name, std::string_view value) {
    add_raw(name, json::serialize(json::string(to_valid_utf8(value))));
  }
  void add_or_null(std::string_view name, std::string_view value) {
    if (value.empty()) {
      add_raw(name, "null");
    } else {
      add(name, value);
    }
  }
  void add(std::string_view name, std::unsigned_integral auto value) {
    add_raw(name, fmt::format("{}", value));
  }
  void add(std::string_view name, double value) { add_raw(name, decimal_text(value)); }

  std::string finish() && { return "{" + members_ + "}"; }

  // `value` is JSON.
  void add_raw(std::string_view name, std::string_view value) {
    if (!members_.empty()) {
      members_ += ',';
    }
    members_ += json::serialize(json::string(name));
    members_ += ':';
    members_ += value;
  }

 private:
  std::string members_;
};

json::object parse_object(std::string_view text) {
  json::error_code error;
  json::parse_options options;
  options.max_depth = limits::json_depth_max;
  const json::value value = json::parse(text, error, {}, options);
  return !error && value.is_object() ? value.get_object() : json::object();
}

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
  const json::object object = parse_object(parameters);
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

bool is_letter_or_digit(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// A backslash may stand in a name, but not in one that begins like an absolute path of Windows.
bool is_windows_path(std::string_view name) noexcept {
  const bool has_drive = name.size() > 2 && is_letter_or_digit(name[0]) && name[1] == ':' &&
                         (name[2] == '\\' || name[2] == '/');
  return has_drive || name.starts_with("\\\\");
}

// Slashes at the end are no name; of nothing but slashes the name is what came.
std::string_view last_component(std::string_view file_name) {
  const std::string_view separators = is_windows_path(file_name) ? "/\\" : "/";
  const std::size_t last = file_name.find_last_not_of(separators);
  if (last == std::string_view::npos) {
    return file_name;
  }
  const std::string_view name = file_name.substr(0, last + 1);
  return name.substr(name.find_last_of(separators) + 1);
}

std::string extra_files_text(const VideoDescription& video) {
  std::string text;
  for (std::size_t index = 0; index < video.extra_files.size(); ++index) {
    const model::ExtraFile& extra = video.extra_files[index];
    ObjectText file;
    file.add("tag", extra.tag);
    file.add("original_filename", last_component(extra.file_name));
    file.add("extname", stored_extension(extra.file_name));
    file.add("file_size", extra.range.size());
    file.add("path", video.id + extra_file_suffix(index, ""));
    text += (text.empty() ? "" : ",") + std::move(file).finish();
  }
  return "[" + text + "]";
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
    document.add_raw("extra_files", extra_files_text(video));
  }
  return std::move(document).finish();
}

std::string processing_document(std::string_view document) {
  ObjectText told;
  for (const json::key_value_pair& member : parse_object(document)) {
    if (member.key() == "status") {
      told.add("status", to_text(VideoStatus::processing));
    } else if (member.value().is_double()) {
      told.add(member.key(), member.value().get_double());
    } else if (member.key() != "error_class" && member.key() != "error_message") {
      told.add_raw(member.key(), json::serialize(member.value()));
    }
  }
  return std::move(told).finish();
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

std::string video_id(const std::string& idempotency_key) {
  return short_digest("video:" + idempotency_key);
}

std::string stored_extension(std::string_view file_name) {
  const std::string_view name = last_component(file_name);
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) {
    return {};
  }
  const std::string_view letters = name.substr(dot + 1);
  if (letters.empty() || letters.size() > extension_letters_max ||
      !std::ranges::all_of(letters, is_letter_or_digit)) {
    return {};
  }
  return "." + to_lower(letters);
}

std::string extra_file_suffix(std::size_t index, std::string_view file_name) {
  return fmt::format("-{}{}", index + 1, stored_extension(file_name));
}

namespace {

Result<std::string> extension_in(const json::object& object) {
  const json::value* extension = object.if_contains("extname");
  if (extension == nullptr || !extension->is_string() ||
      stored_extension(extension->get_string()) != extension->get_string()) {
    return fail(Errc::storage_failed, "the record's document has no valid extname");
  }
  return std::string(extension->get_string());
}

Result<std::uint64_t> size_in(const json::object& object) {
  const json::value* size = object.if_contains("file_size");
  if (size == nullptr || !size->is_number()) {
    return fail(Errc::storage_failed, "the record's document has no valid file_size");
  }
  boost::system::error_code inexact;
  const auto number = size->to_number<std::uint64_t>(inexact);
  if (inexact) {
    return fail(Errc::storage_failed, "the record's document has no valid file_size");
  }
  return number;
}

}  // namespace

Result<std::string> stored_extension_of(std::string_view document) {
  return extension_in(parse_object(document));
}

Result<std::uint64_t> stored_size_of(std::string_view document) {
  return size_in(parse_object(document));
}

Result<std::vector<StoredExtraFile>> stored_extra_files_of(std::string_view document) {
  std::vector<StoredExtraFile> files;
  const json::object object = parse_object(document);
  const json::value* const list = object.if_contains("extra_files");
  if (list == nullptr) {
    return files;
  }
  if (!list->is_array()) {
    return fail(Errc::storage_failed, "the record's document has no valid extra_files");
  }
  for (const json::value& item : list->get_array()) {
    const json::object file = item.is_object() ? item.get_object() : json::object();
    const Result<std::string> extension = extension_in(file);
    const Result<std::uint64_t> size = size_in(file);
    if (!extension || !size) {
      return fail(extension ? size.error() : extension.error());
    }
    files.push_back({extra_file_suffix(files.size(), *extension), *size});
  }
  return files;
}

}  // namespace sluice::video
