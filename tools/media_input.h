// SPDX-License-Identifier: MIT
// The media file on the probe's descriptor, as libavformat reads it.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>

extern "C" {
#include <libavformat/avformat.h>
}

#include "probe_jail.h"

namespace sluice::tools {

struct Media {
  std::int64_t size = 0;
  Reading reading = Reading::by_position;
  // A gap that libavformat does not see: it reads the bytes before and behind it as a shorter file.
  std::int64_t gap_begin = std::numeric_limits<std::int64_t>::max();
  std::int64_t gap_bytes = 0;
  std::int64_t position = 0;  // Without the gap.
};

struct FormatCloser {
  void operator()(AVFormatContext* format) const noexcept { avformat_close_input(&format); }
};
using Format = std::unique_ptr<AVFormatContext, FormatCloser>;

// As pread(). Fewer bytes are no end; 0 is.
ssize_t read_media(const Media& media, void* buffer, std::size_t size, std::int64_t offset);

// Null where libavformat does not know the file. `media` outlives it.
Format open_format(Media& media);

}  // namespace sluice::tools
