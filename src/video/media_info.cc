// SPDX-License-Identifier: MIT
#include "video/media_info.h"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <limits>
#include <utility>

#include "base/limits.h"

namespace sluice::video {
namespace {

namespace json = boost::json;

constexpr std::size_t name_bytes_max = 64;
constexpr double fps_max = 1000;

struct MimeRow {
  std::string_view container;
  std::string_view with_video;
  std::string_view audio_alone;
};

constexpr std::array mime_rows{
    MimeRow{"mov", "video/mp4", "audio/mp4"},
    MimeRow{"matroska", "video/x-matroska", "audio/x-matroska"},
    MimeRow{"avi", "video/x-msvideo", "video/x-msvideo"},
    MimeRow{"flv", "video/x-flv", "video/x-flv"},
    MimeRow{"mpegts", "video/mp2t", "video/mp2t"},
    MimeRow{"mpeg", "video/mpeg", "video/mpeg"},
    MimeRow{"mpegvideo", "video/mpeg", "video/mpeg"},
    MimeRow{"asf", "video/x-ms-wmv", "audio/x-ms-wma"},
    MimeRow{"ogg", "video/ogg", "audio/ogg"},
    MimeRow{"mp3", "audio/mpeg", "audio/mpeg"},
    MimeRow{"aac", "audio/aac", "audio/aac"},
    MimeRow{"wav", "audio/x-wav", "audio/x-wav"},
    MimeRow{"flac", "audio/flac", "audio/flac"},
    MimeRow{"aiff", "audio/x-aiff", "audio/x-aiff"},
    MimeRow{"amr", "audio/amr", "audio/amr"},
    MimeRow{"mxf", "application/mxf", "application/mxf"},
    MimeRow{"dv", "video/dv", "video/dv"},
    MimeRow{"rm", "application/vnd.rn-realmedia", "application/vnd.rn-realmedia"},
    MimeRow{"gif", "image/gif", "image/gif"},
};

// WebM is Matroska with these codecs only; libavformat does not say which of the two a file claims
// to be.
bool is_webm(const MediaInfo& media) noexcept {
  constexpr std::array<std::string_view, 4> video{"", "vp8", "vp9", "av1"};
  constexpr std::array<std::string_view, 3> audio{"", "vorbis", "opus"};
  return std::ranges::find(video, media.video_codec) != video.end() &&
         std::ranges::find(audio, media.audio_codec) != audio.end();
}

// Collects the members of the helper's object; the first that is not as it should be decides.
class Reader {
 public:
  explicit Reader(const json::object& object) : object_(object) {}

  void read(std::string_view name, std::uint32_t& out) {
    const json::value* value = object_.if_contains(name);
    if (value == nullptr || !value->is_int64() || value->get_int64() < 0) {
      wrong_ = true;
      return;
    }
    constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
    out = static_cast<std::uint32_t>(std::min(value->get_int64(), most));
  }

  void read(std::string_view name, double& out) {
    const json::value* value = object_.if_contains(name);
    if (value == nullptr || !value->is_double() || !std::isfinite(value->get_double()) ||
        value->get_double() < 0) {
      wrong_ = true;
      return;
    }
    out = value->get_double() <= fps_max ? value->get_double() : 0;
  }

  void read(std::string_view name, std::string& out) {
    const json::value* value = object_.if_contains(name);
    if (value == nullptr || !value->is_string() || value->get_string().size() > name_bytes_max ||
        !std::ranges::all_of(value->get_string(), is_name_character)) {
      wrong_ = true;
      return;
    }
    out = value->get_string();
  }

  bool wrong() const noexcept { return wrong_; }

 private:
  static bool is_name_character(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == ',' ||
           c == '.' || c == '_' || c == '-' || c == ' ';
  }

  const json::object& object_;
  bool wrong_ = false;
};

}  // namespace

Result<MediaInfo> parse_media_info(std::string_view line) {
  json::error_code error;
  json::parse_options options;
  options.max_depth = limits::json_depth_max;
  const json::value value = json::parse(line, error, {}, options);
  if (error || !value.is_object()) {
    return fail(Errc::unsupported_media_type, "expected a JSON object from the probe");
  }
  MediaInfo media;
  Reader reader(value.get_object());
  reader.read("container", media.container);
  reader.read("major_brand", media.major_brand);
  reader.read("duration_ms", media.duration_ms);
  reader.read("width", media.width);
  reader.read("height", media.height);
  reader.read("rotation_degrees", media.rotation_degrees);
  reader.read("fps", media.fps);
  reader.read("video_codec", media.video_codec);
  reader.read("audio_codec", media.audio_codec);
  reader.read("video_kbits_per_second", media.video_kbits_per_second);
  reader.read("audio_kbits_per_second", media.audio_kbits_per_second);
  reader.read("audio_channels", media.audio_channels);
  reader.read("audio_sample_rate", media.audio_sample_rate);
  if (reader.wrong() || (media.video_codec.empty() && media.audio_codec.empty())) {
    return fail(Errc::unsupported_media_type, "the probe's answer lacks a member or is malformed");
  }
  return media;
}

std::pair<std::uint32_t, std::uint32_t> seen_size(const MediaInfo& media) noexcept {
  constexpr std::uint32_t half_turn = 180;
  const std::uint32_t degrees = media.rotation_degrees % half_turn;
  const bool lies_on_its_side = degrees > half_turn / 4 && degrees < half_turn - half_turn / 4;
  return lies_on_its_side ? std::pair(media.height, media.width)
                          : std::pair(media.width, media.height);
}

std::string_view mime_type(const MediaInfo& media) noexcept {
  const std::string_view names = media.container;
  const std::string_view container = names.substr(0, names.find(','));
  const bool with_video = !media.video_codec.empty();
  if (container == "matroska" && is_webm(media)) {
    return with_video ? "video/webm" : "audio/webm";
  }
  if (container == "mov" && with_video && media.major_brand.starts_with("qt")) {
    return "video/quicktime";
  }
  if (container == "mov" && with_video && media.major_brand.starts_with("3g")) {
    return "video/3gpp";
  }
  const auto row = std::ranges::find(mime_rows, container, &MimeRow::container);
  if (row == mime_rows.end()) {
    return {};
  }
  return with_video ? row->with_video : row->audio_alone;
}

}  // namespace sluice::video
