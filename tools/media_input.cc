// SPDX-License-Identifier: MIT
#include "media_input.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "base/limits.h"
#include "video/probe_protocol.h"

namespace sluice::tools {
namespace {

// Containers of video and sound. Left out are images, subtitles, scripts and playlists (which name
// other files), and whatever hands the bytes to a further library.
constexpr const char* containers =
    "mov,matroska,avi,flv,live_flv,mpegts,mpeg,mpegvideo,asf,ogg,mp3,aac,wav,w64,flac,rm,mxf,dv,"
    "aiff,amr,ac3,eac3,dts,caf,ape,wv,tta,au,ivf,nut,gxf,nsv,wtv,h264,hevc,m4v,vc1,av1,obu,gif,"
    "yuv4mpegpipe";

int read(void* opaque, std::uint8_t* buffer, int size) {
  auto* media = static_cast<Media*>(opaque);
  auto wanted = static_cast<std::int64_t>(size);
  std::int64_t from = media->position;
  if (from < media->gap_begin) {
    wanted = std::min(wanted, media->gap_begin - from);
  } else {
    from += media->gap_bytes;
  }
  const ssize_t count = read_media(*media, buffer, static_cast<std::size_t>(wanted), from);
  if (count < 0) {
    return AVERROR(errno);
  }
  if (count == 0) {
    return AVERROR_EOF;
  }
  media->position += count;
  return static_cast<int>(count);
}

std::int64_t seek(void* opaque, std::int64_t offset, int whence) {
  auto* media = static_cast<Media*>(opaque);
  if (whence == AVSEEK_SIZE) {
    return media->size - media->gap_bytes;
  }
  if ((whence & ~AVSEEK_FORCE) != SEEK_SET || offset < 0) {
    return AVERROR(EINVAL);
  }
  media->position = offset;
  return offset;
}

// A file that asks for another one is answered here, not by the jail's death.
int refuse_to_open(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) {
  return AVERROR(EACCES);
}

}  // namespace

ssize_t read_media(const Media& media, void* buffer, std::size_t size, std::int64_t offset) {
  constexpr int file = video::probe_media_descriptor;
  if (media.reading == Reading::by_position) {
    return ::pread(file, buffer, size, offset);
  }
  if (offset >= media.size || size == 0) {
    return 0;
  }
  const jail::Question question{static_cast<std::uint64_t>(offset),
                                std::min(size, limits::asked_bytes_max)};
  if (::write(file, &question, sizeof question) != sizeof question) {
    return -1;
  }
  // None came: there is no server to answer any more.
  const ssize_t count = ::read(file, buffer, size);
  if (count == 0) {
    errno = EIO;
  }
  return count == 0 ? -1 : count;
}

// avformat_find_stream_info() opens every decoder with threads=1, so that no thread is started.
Format open_format(Media& media) {
  constexpr int buffer_size = 64 * 1024;
  auto* buffer = static_cast<std::uint8_t*>(av_malloc(buffer_size));
  AVFormatContext* format = avformat_alloc_context();
  if (buffer == nullptr || format == nullptr) {
    return nullptr;
  }
  format->pb = avio_alloc_context(buffer, buffer_size, 0, &media, &read, nullptr, &seek);
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

}  // namespace sluice::tools
