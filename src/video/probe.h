// SPDX-License-Identifier: MIT
// Finds out what a media file is, in a process that the file cannot use against the server.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "video/media_info.h"

namespace sluice::video {

// Any thread. Blocks: use it on a BlockingPool.
class Prober {
 public:
  virtual ~Prober() = default;

  // `descriptor` stays the caller's. unsupported_media_type when the file is no media, or made the
  // probe crash, hang or exceed a limit: final. Any other error is ours: a later attempt can
  // succeed.
  virtual Result<MediaInfo> probe(int descriptor) = 0;
  // False when it needs neither file nor thread: the descriptor may be -1, and nothing blocks.
  virtual bool looks_at_files() const noexcept { return true; }
};

// Looks at nothing: every file is a video of which nothing is known.
class NoProber final : public Prober {
 public:
  Result<MediaInfo> probe(int /*descriptor*/) override { return MediaInfo(); }
  bool looks_at_files() const noexcept override { return false; }
};

// Runs the helper program (tools/media_probe.cc) once for every file, and never leaves it running.
class HelperProber final : public Prober {
 public:
  explicit HelperProber(std::string program = program_beside_this_one(),
                        std::vector<std::string> arguments = {},
                        Duration time_max = limits::probe_time_max);

  Result<MediaInfo> probe(int descriptor) override;

  // Whether the program is there: without it no file could ever be handed over.
  Result<> check() const;

  // `sluice-probe` in the directory of the running program.
  static std::string program_beside_this_one();

 private:
  const std::string program_;
  const std::vector<std::string> arguments_;
  const Duration time_max_;
};

// The one that the setting `video.probe` asks for: "off", a program, or empty for the one beside
// this program, where that is installed: without it none. An error where a program that is named is
// not there.
Result<std::unique_ptr<Prober>> open_prober(const std::string& program);

}  // namespace sluice::video
