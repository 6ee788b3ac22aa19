// SPDX-License-Identifier: MIT
// Finds out what a media file is, in a process that the file cannot use against the server.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "jail/helper.h"
#include "runtime/readable_file.h"
#include "video/media_info.h"

namespace sluice::video {

// Any thread. Blocks: use it on a BlockingPool.
class Prober {
 public:
  virtual ~Prober() = default;

  // unsupported_media_type when the file is no media, or made the probe crash, hang or exceed a
  // limit: final. Any other error is ours: a later attempt can succeed.
  virtual Result<MediaInfo> probe(runtime::ReadableFile& file, std::uint64_t size) = 0;
  // What is known of every file: it need not be looked at.
  virtual std::optional<MediaInfo> known() const { return std::nullopt; }
};

// Looks at nothing: every file is a video of which nothing is known.
class NoProber final : public Prober {
 public:
  Result<MediaInfo> probe(runtime::ReadableFile& /*file*/, std::uint64_t /*size*/) override {
    return MediaInfo();
  }
  std::optional<MediaInfo> known() const override { return MediaInfo(); }
};

// Runs the helper program (tools/media_probe.cc) once for every file, and never leaves it running.
class HelperProber final : public Prober {
 public:
  explicit HelperProber(std::string program = program_beside_this_one(),
                        std::vector<std::string> arguments = {},
                        Duration time_max = limits::probe_time_max);

  // A file without a descriptor is read for the helper, as it asks.
  Result<MediaInfo> probe(runtime::ReadableFile& file, std::uint64_t size) override;

  // Whether the program is there: without it no file could ever be handed over.
  Result<> check() const;

  // `sluice-probe` in the directory of the running program.
  static std::string program_beside_this_one();

 private:
  Result<jail::Ending> run(runtime::ReadableFile& file, std::uint64_t size) const;

  const std::string program_;
  const std::vector<std::string> arguments_;
  const Duration time_max_;
};

// The one that the setting `video.probe` asks for: "off", a program, or empty for the one beside
// this program, where that is installed: without it none. An error where a program that is named is
// not there.
Result<std::unique_ptr<Prober>> open_prober(const std::string& program);

}  // namespace sluice::video
