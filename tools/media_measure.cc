// SPDX-License-Identifier: MIT
#include "media_measure.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <string_view>

#include "base/limits.h"

namespace sluice::tools {
namespace {

constexpr AVRational microseconds{1, AV_TIME_BASE};

bool is_matroska(const AVFormatContext& format) {
  return std::string_view(format.iformat->name).starts_with("matroska");
}

// Matroska without a duration gets one from bit rates that it does not keep either.
std::int64_t duration_of_header(const AVFormatContext& format) {
  const bool is_guess =
      is_matroska(format) && format.duration_estimation_method == AVFMT_DURATION_FROM_BITRATE;
  return is_guess ? 0 : std::max<std::int64_t>(format.duration, 0);
}

// Matroska keeps it in a tag, if at all.
std::int64_t claimed_rate(const AVStream* stream) {
  if (stream == nullptr) {
    return 0;
  }
  if (stream->codecpar->bit_rate > 0) {
    return stream->codecpar->bit_rate;
  }
  const AVDictionaryEntry* tag = av_dict_get(stream->metadata, "BPS", nullptr, 0);
  return tag == nullptr ? 0 : std::max(std::strtoll(tag->value, nullptr, 10), 0LL);
}

std::int64_t bits_per_second(std::int64_t bytes, std::int64_t duration) {
  constexpr double bits = 8;
  constexpr double most = 1e15;
  const double rate = duration <= 0 ? 0
                                    : bits * static_cast<double>(bytes) * AV_TIME_BASE /
                                          static_cast<double>(duration);
  return std::llround(std::min(rate, most));
}

std::int64_t rate_of(const AVStream* stream, const Sample& sample, std::int64_t duration) {
  if (stream == nullptr) {
    return 0;
  }
  const Sample::Stream& part = sample.streams[static_cast<std::size_t>(stream->index)];
  const std::int64_t time = std::max<std::int64_t>(part.end - part.begin, 0);
  return bits_per_second(part.bytes, sample.is_whole && duration > 0 ? duration : time);
}

// The first place from `from` on where a cluster seems to begin; -1: none before `end`.
std::int64_t find_cluster(const Media& media, std::int64_t from, std::int64_t end) {
  constexpr std::string_view cluster = "\x1F\x43\xB6\x75";
  std::array<char, limits::buffer_bytes> buffer{};
  while (from < end) {
    const auto wanted = static_cast<std::size_t>(std::min<std::int64_t>(buffer.size(), end - from));
    const ssize_t count = read_media(media, buffer.data(), wanted, from);
    if (count < static_cast<ssize_t>(cluster.size())) {
      break;
    }
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(count));
    if (const std::size_t at = bytes.find(cluster); at != std::string_view::npos) {
      return from + static_cast<std::int64_t>(at);
    }
    from += count - static_cast<ssize_t>(cluster.size()) + 1;
  }
  return -1;
}

// The time of the last packet of a Matroska file: it is read as if its head were followed by its
// last clusters. 0 where that does not work.
std::int64_t last_time(const Media& media) {
  constexpr std::int64_t tail_bytes = limits::probe_tail_bytes_max;
  const std::int64_t first = find_cluster(media, 0, std::min(media.size, tail_bytes));
  const std::int64_t last =
      first < 0 ? -1 : find_cluster(media, std::max(first, media.size - tail_bytes), media.size);
  if (last < 0) {
    return 0;
  }
  Media head_and_tail = media;
  head_and_tail.gap_begin = first;
  head_and_tail.gap_bytes = last - first;
  head_and_tail.position = 0;
  const Format format = open_format(head_and_tail);
  return format == nullptr ? 0 : read_sample(*format).end;
}

std::int64_t duration_of_packets(const Media& media, const AVFormatContext& format,
                                 const Sample& sample) {
  std::int64_t end = sample.end;
  if (!sample.is_whole && is_matroska(format)) {
    end = std::max(end, last_time(media));
  }
  return std::max<std::int64_t>(end - sample.begin, 0);
}

}  // namespace

Sample read_sample(AVFormatContext& format) {
  Sample sample;
  AVPacket* packet = av_packet_alloc();
  for (std::size_t i = 0; packet != nullptr && i < limits::probe_packets_max &&
                          sample.bytes < static_cast<std::int64_t>(limits::probe_sample_bytes_max);
       ++i) {
    if (av_read_frame(&format, packet) < 0) {
      sample.is_whole = true;
      break;
    }
    sample.streams.resize(format.nb_streams);
    Sample::Stream& part = sample.streams[static_cast<std::size_t>(packet->stream_index)];
    part.bytes += packet->size;
    part.packets += 1;
    sample.bytes += packet->size;
    const std::int64_t time = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
    if (time != AV_NOPTS_VALUE) {
      const AVRational base = format.streams[packet->stream_index]->time_base;
      const std::int64_t begin = av_rescale_q(time, base, microseconds);
      const std::int64_t end =
          begin + std::max<std::int64_t>(av_rescale_q(packet->duration, base, microseconds), 0);
      part.begin = std::min(part.begin, begin);
      part.end = std::max(part.end, end);
      sample.begin = std::min(sample.begin, begin);
      sample.end = std::max(sample.end, end);
    }
    av_packet_unref(packet);
  }
  av_packet_free(&packet);
  sample.streams.resize(format.nb_streams);
  return sample;
}

std::optional<Measures> measures_of_header(const Media& media, const AVFormatContext& format,
                                           const AVStream* video, const AVStream* audio) {
  const Measures claimed{.duration = duration_of_header(format),
                         .video_rate = claimed_rate(video),
                         .audio_rate = claimed_rate(audio)};
  const bool is_complete = claimed.duration > 0 && (video == nullptr || claimed.video_rate > 0) &&
                           (audio == nullptr || claimed.audio_rate > 0);
  // Room for rounding, and for the bytes of other streams.
  constexpr double most = 1.1;
  constexpr double least = 0.5;
  const auto whole = static_cast<double>(bits_per_second(media.size, claimed.duration));
  const double sum =
      static_cast<double>(claimed.video_rate) + static_cast<double>(claimed.audio_rate);
  if (!is_complete || sum > most * whole || sum < least * whole) {
    return std::nullopt;
  }
  return claimed;
}

Measures measures_of_packets(const Media& media, const AVFormatContext& format,
                             const AVStream* video, const AVStream* audio, const Sample& sample) {
  Measures measures{.duration = duration_of_header(format)};
  if (measures.duration == 0) {
    measures.duration = duration_of_packets(media, format, sample);
  }
  measures.audio_rate = rate_of(audio, sample, measures.duration);
  measures.video_rate = rate_of(video, sample, measures.duration);
  // The beginning of a film tells little of the rest of it, but that its sound has one rate.
  if (video != nullptr && !sample.is_whole && sample.bytes > 0 && measures.duration > 0) {
    const Sample::Stream& part = sample.streams[static_cast<std::size_t>(video->index)];
    const auto share = static_cast<double>(part.bytes) / static_cast<double>(sample.bytes);
    const auto whole = static_cast<double>(bits_per_second(media.size, measures.duration));
    measures.video_rate = std::llround(whole * share);
  }
  return measures;
}

}  // namespace sluice::tools
