// SPDX-License-Identifier: MIT
// How long a file lasts and how many bits its streams have in a second: as its header says where
// that can be, else from its packets.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "media_input.h"

namespace sluice::tools {

// The sums of the packets at the beginning of a file. Times are in microseconds.
struct Sample {
  struct Stream {
    std::int64_t bytes = 0;
    std::int64_t packets = 0;
    std::int64_t begin = std::numeric_limits<std::int64_t>::max();
    std::int64_t end = 0;
  };

  std::vector<Stream> streams;  // By their index in the format.
  std::int64_t bytes = 0;
  std::int64_t begin = std::numeric_limits<std::int64_t>::max();
  std::int64_t end = 0;
  bool is_whole = false;  // These are all packets.
};

struct Measures {
  std::int64_t duration = 0;    // In microseconds.
  std::int64_t video_rate = 0;  // Bits per second.
  std::int64_t audio_rate = 0;
};

// Reads up to limits::probe_sample_bytes_max and probe_packets_max.
Sample read_sample(AVFormatContext& format);

// The measures in the header, unless one is missing or cannot be true of a file of this size. A
// null stream is not there.
std::optional<Measures> measures_of_header(const Media& media, const AVFormatContext& format,
                                           const AVStream* video, const AVStream* audio);
Measures measures_of_packets(const Media& media, const AVFormatContext& format,
                             const AVStream* video, const AVStream* audio, const Sample& sample);

}  // namespace sluice::tools
