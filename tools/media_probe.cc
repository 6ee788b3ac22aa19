// SPDX-License-Identifier: MIT
// sluice-probe: reads the media file on its descriptor 3 with libavformat, in a jail, and prints
// its findings as one line of JSON. Exit status: video/probe_protocol.h.

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
}

#include "media_input.h"
#include "media_measure.h"
#include "probe_jail.h"
#include "probe_self_test.h"
#include "video/probe_protocol.h"

namespace sluice::tools {
namespace {

bool is_cover_picture(const AVStream& stream) {
  return (stream.disposition & AV_DISPOSITION_ATTACHED_PIC) != 0;
}

// The first stream of a kind that says enough about itself.
const AVStream* first_stream(const AVFormatContext& format, AVMediaType type) {
  for (unsigned i = 0; i < format.nb_streams; ++i) {
    const AVStream& stream = *format.streams[i];
    const AVCodecParameters& codec = *stream.codecpar;
    const bool described = type == AVMEDIA_TYPE_VIDEO
                               ? codec.width > 0 && codec.height > 0
                               : codec.sample_rate > 0 && codec.ch_layout.nb_channels > 0;
    if (codec.codec_type == type && codec.codec_id != AV_CODEC_ID_NONE && described &&
        !is_cover_picture(stream)) {
      return &stream;
    }
  }
  return nullptr;
}

double frame_rate(const AVStream& video) {
  for (const AVRational rate : {video.avg_frame_rate, video.r_frame_rate}) {
    if (rate.num > 0 && rate.den > 0) {
      return av_q2d(rate);
    }
  }
  return 0;
}

std::int64_t rotation(const AVStream& video) {
  std::size_t size = 0;
  const std::uint8_t* data = av_stream_get_side_data(&video, AV_PKT_DATA_DISPLAYMATRIX, &size);
  if (data == nullptr || size < 9 * sizeof(std::int32_t)) {
    return 0;
  }
  std::array<std::int32_t, 9> matrix{};
  std::copy_n(data, sizeof(matrix), reinterpret_cast<std::uint8_t*>(matrix.data()));
  const double counter_clockwise = av_display_rotation_get(matrix.data());
  if (!std::isfinite(counter_clockwise)) {
    return 0;
  }
  return (360 - std::lround(counter_clockwise) % 360) % 360;
}

const char* codec_name(const AVStream* stream) {
  return stream == nullptr ? "" : avcodec_get_name(stream->codecpar->codec_id);
}

std::string major_brand(const AVFormatContext& format) {
  const AVDictionaryEntry* tag = av_dict_get(format.metadata, "major_brand", nullptr, 0);
  std::string brand = tag == nullptr ? "" : tag->value;
  std::erase_if(brand, [](char c) {
    return !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
  });
  return brand.substr(0, 4);
}

// Brands of pictures in the boxes of MP4: HEIF and its families, AVIF, Canon's CR3, JPEG XL. Some
// of them hold films too.
bool has_picture_brand(const AVFormatContext& format) {
  constexpr std::array<std::string_view, 16> brands{"mif1", "mif2", "msf1", "miaf", "heic", "heix",
                                                    "heim", "heis", "hevc", "hevx", "avif", "avis",
                                                    "avci", "avcs", "crx",  "jxl"};
  return std::string_view(format.iformat->name).starts_with("mov") &&
         std::ranges::find(brands, major_brand(format)) != brands.end();
}

bool is_picture_codec(const AVStream& video) {
  constexpr std::array codecs{AV_CODEC_ID_MJPEG, AV_CODEC_ID_PNG,  AV_CODEC_ID_BMP,
                              AV_CODEC_ID_WEBP,  AV_CODEC_ID_TIFF, AV_CODEC_ID_JPEG2000};
  return std::ranges::find(codecs, video.codecpar->codec_id) != codecs.end();
}

// One picture is no film: a still, or the cover of a record that is not marked as one.
bool is_still(const AVFormatContext& format, const AVStream& video, const Sample* sample) {
  std::int64_t frames = video.nb_frames;
  if (frames == 0 && sample != nullptr && sample->is_whole) {
    frames = sample->streams[static_cast<std::size_t>(video.index)].packets;
  }
  return (has_picture_brand(format) && frames <= 1) || (is_picture_codec(video) && frames == 1);
}

std::string describe(const AVFormatContext& format, const AVStream* video, const AVStream* audio,
                     const Measures& measures) {
  constexpr std::int64_t kilo = 1000;
  const std::int64_t duration = measures.duration;
  boost::json::object line;
  line["container"] = format.iformat->name;
  line["major_brand"] = major_brand(format);
  line["duration_ms"] = duration / kilo + (duration % kilo >= kilo / 2 ? 1 : 0);
  line["width"] = video == nullptr ? 0 : video->codecpar->width;
  line["height"] = video == nullptr ? 0 : video->codecpar->height;
  line["rotation_degrees"] = video == nullptr ? 0 : rotation(*video);
  line["fps"] = video == nullptr ? 0.0 : frame_rate(*video);
  line["video_codec"] = codec_name(video);
  line["audio_codec"] = codec_name(audio);
  line["video_kbits_per_second"] = measures.video_rate / kilo;
  line["audio_kbits_per_second"] = measures.audio_rate / kilo;
  line["audio_channels"] = audio == nullptr ? 0 : audio->codecpar->ch_layout.nb_channels;
  line["audio_sample_rate"] = audio == nullptr ? 0 : audio->codecpar->sample_rate;
  return boost::json::serialize(line) + "\n";
}

bool print(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(STDOUT_FILENO, text.data(), text.size());
    if (count <= 0) {
      return false;
    }
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

int probe(Media media) {
  const Format format = open_format(media);
  // Below this score libavformat guesses: any bytes would be some MPEG.
  if (format == nullptr || format->probe_score < AVPROBE_SCORE_RETRY ||
      avformat_find_stream_info(format.get(), nullptr) < 0) {
    return video::probe_not_recognised;
  }
  const AVStream* video = first_stream(*format, AVMEDIA_TYPE_VIDEO);
  const AVStream* audio = first_stream(*format, AVMEDIA_TYPE_AUDIO);
  std::optional<Measures> measures = measures_of_header(media, *format, video, audio);
  std::optional<Sample> sample;
  if (!measures || (video != nullptr && is_picture_codec(*video))) {
    sample = read_sample(*format);
  }
  if (video != nullptr && is_still(*format, *video, sample ? &*sample : nullptr)) {
    video = nullptr;
  }
  if (video == nullptr && audio == nullptr) {
    return video::probe_not_recognised;
  }
  if (!measures) {
    measures = measures_of_packets(media, *format, video, audio, *sample);
  }
  const bool printed = print(describe(*format, video, audio, *measures));
  return printed ? video::probe_recognised : video::probe_not_recognised;
}

// The file on the descriptor, or the one of this size that is asked for.
std::optional<Media> media_of(std::string_view size) {
  Media media;
  if (size.empty()) {
    struct stat status{};
    const bool is_known = ::fstat(video::probe_media_descriptor, &status) == 0;
    media.size = status.st_size;
    return is_known ? std::optional(media) : std::nullopt;
  }
  media.reading = Reading::by_asking;
  const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), media.size);
  return error == std::errc() && end == size.data() + size.size() ? std::optional(media)
                                                                  : std::nullopt;
}

int run(std::string_view self_test, std::string_view size) {
  // Their messages go to standard error, which the jail forbids.
  av_log_set_callback([](void*, int, const char*, va_list) {});
  const std::optional<Media> media = media_of(size);
  if (!media || !limit_resources(probe_bounds())) {
    return video::probe_not_jailed;
  }
  step_back();
  if (self_test == "surroundings" && !surroundings_are_bare()) {
    return video::probe_not_jailed;
  }
  if (!close_jail(media->reading)) {
    return video::probe_not_jailed;
  }
  if (!self_test.empty() && self_test != "surroundings") {
    return misbehave(self_test);
  }
  return probe(*media);
}

}  // namespace
}  // namespace sluice::tools

int main(int count, char** arguments) {
  const auto value_of = [&](std::string_view flag) {
    for (const std::string_view argument : std::span(arguments, static_cast<std::size_t>(count))) {
      if (argument.starts_with(flag)) {
        return argument.substr(flag.size());
      }
    }
    return std::string_view();
  };
  // Not exit(): the destructors of two hundred libraries make calls that the jail forbids.
  ::_exit(sluice::tools::run(value_of("--self-test="), value_of(sluice::video::probe_size_flag)));
}
