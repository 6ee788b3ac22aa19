// SPDX-License-Identifier: MIT
// sluice-probe: reads the media file on its descriptor 3 with libavformat, in a jail, and prints
// what it is as one line of JSON. Exit status: video/probe_protocol.h.

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
}

#include "base/limits.h"
#include "probe_jail.h"
#include "probe_self_test.h"
#include "video/probe_protocol.h"

namespace sluice::tools {
namespace {

// Containers of video and sound. Left out are images, subtitles, scripts and playlists (which name
// other files), and whatever hands the bytes to a further library.
constexpr const char* containers =
    "mov,matroska,avi,flv,live_flv,mpegts,mpeg,mpegvideo,asf,ogg,mp3,aac,wav,w64,flac,rm,mxf,dv,"
    "aiff,amr,ac3,eac3,dts,caf,ape,wv,tta,au,ivf,nut,gxf,nsv,wtv,h264,hevc,m4v,vc1,av1,obu,gif,"
    "yuv4mpegpipe";

// The file, as libavformat reads it.
struct Media {
  std::int64_t position = 0;
  std::int64_t size = 0;

  static int read(void* opaque, std::uint8_t* buffer, int size) {
    auto* media = static_cast<Media*>(opaque);
    const ssize_t count = ::pread(video::probe_media_descriptor, buffer,
                                  static_cast<std::size_t>(size), media->position);
    if (count < 0) {
      return AVERROR(errno);
    }
    if (count == 0) {
      return AVERROR_EOF;
    }
    media->position += count;
    return static_cast<int>(count);
  }

  static std::int64_t seek(void* opaque, std::int64_t offset, int whence) {
    auto* media = static_cast<Media*>(opaque);
    if (whence == AVSEEK_SIZE) {
      return media->size;
    }
    if ((whence & ~AVSEEK_FORCE) != SEEK_SET || offset < 0) {
      return AVERROR(EINVAL);
    }
    media->position = offset;
    return offset;
  }
};

// A file that asks for another one is answered here, not by the jail's death.
int refuse_to_open(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) {
  return AVERROR(EACCES);
}

struct FormatCloser {
  void operator()(AVFormatContext* format) const noexcept { avformat_close_input(&format); }
};
using Format = std::unique_ptr<AVFormatContext, FormatCloser>;

// avformat_find_stream_info() opens every decoder with threads=1, so that no thread is started.
Format open_format(Media& media) {
  constexpr int buffer_size = 64 * 1024;
  auto* buffer = static_cast<std::uint8_t*>(av_malloc(buffer_size));
  AVFormatContext* format = avformat_alloc_context();
  if (buffer == nullptr || format == nullptr) {
    return nullptr;
  }
  format->pb =
      avio_alloc_context(buffer, buffer_size, 0, &media, &Media::read, nullptr, &Media::seek);
  if (format->pb == nullptr) {
    return nullptr;
  }
  format->io_open = refuse_to_open;
  format->probesize = limits::probe_analyze_bytes_max;
  format->max_analyze_duration =
      std::chrono::microseconds(limits::probe_analyze_media_time_max).count();
  format->max_streams = limits::probe_streams_max;
  AVDictionary* options = nullptr;
  av_dict_set(&options, "format_whitelist", containers, 0);
  av_dict_set(&options, "protocol_whitelist", "", 0);
  const int status = avformat_open_input(&format, "", nullptr, &options);
  av_dict_free(&options);
  // On failure libavformat has freed the context.
  return Format(status < 0 ? nullptr : format);
}

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

// Bits per second; Matroska keeps it in a tag, if at all.
std::int64_t bit_rate(const AVStream* stream) {
  if (stream == nullptr) {
    return 0;
  }
  if (stream->codecpar->bit_rate > 0) {
    return stream->codecpar->bit_rate;
  }
  const AVDictionaryEntry* tag = av_dict_get(stream->metadata, "BPS", nullptr, 0);
  return tag == nullptr ? 0 : std::max(std::strtoll(tag->value, nullptr, 10), 0LL);
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

std::string describe(const AVFormatContext& format, const AVStream* video, const AVStream* audio) {
  constexpr std::int64_t kilo = 1000;
  std::int64_t video_rate = bit_rate(video);
  std::int64_t audio_rate = bit_rate(audio);
  // What a container as a whole says belongs to the stream that says nothing.
  if (video != nullptr && video_rate == 0) {
    video_rate = std::max<std::int64_t>(format.bit_rate - audio_rate, 0);
  } else if (video == nullptr && audio_rate == 0) {
    audio_rate = std::max<std::int64_t>(format.bit_rate, 0);
  }
  const std::int64_t duration = std::max<std::int64_t>(format.duration, 0);
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
  line["video_kbits_per_second"] = video_rate / kilo;
  line["audio_kbits_per_second"] = audio_rate / kilo;
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
  if (video == nullptr && audio == nullptr) {
    return video::probe_not_recognised;
  }
  const bool printed = print(describe(*format, video, audio));
  return printed ? video::probe_recognised : video::probe_not_recognised;
}

int run(std::string_view self_test) {
  // Their messages go to standard error, which the jail forbids.
  av_log_set_callback([](void*, int, const char*, va_list) {});
  struct stat status{};
  if (::fstat(video::probe_media_descriptor, &status) != 0 || !limit_resources()) {
    return video::probe_not_jailed;
  }
  if (self_test == "surroundings" && !surroundings_are_bare()) {
    return video::probe_not_jailed;
  }
  if (!close_jail()) {
    return video::probe_not_jailed;
  }
  if (!self_test.empty() && self_test != "surroundings") {
    return misbehave(self_test);
  }
  return probe(Media{.position = 0, .size = status.st_size});
}

}  // namespace
}  // namespace sluice::tools

int main(int count, char** arguments) {
  constexpr std::string_view flag = "--self-test=";
  std::string_view self_test;
  if (count > 1 && std::string_view(arguments[1]).starts_with(flag)) {
    self_test = std::string_view(arguments[1]).substr(flag.size());
  }
  // Not exit(): the destructors of two hundred libraries make calls that the jail forbids.
  ::_exit(sluice::tools::run(self_test));
}
