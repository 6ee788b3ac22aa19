// SPDX-License-Identifier: MIT
// The embedded backend for videos: a finished file is probed and becomes a video of the library.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "delivery/backend.h"
#include "delivery/slow_work.h"
#include "library/library.h"
#include "video/media_info.h"
#include "video/probe.h"
#include "video/videos.h"

namespace sluice::video {

// Any worker; its references outlive it. Probes are slow work.
class VideoLibrary final : public delivery::Backend, public Videos {
 public:
  VideoLibrary(library::Library& library, delivery::SlowWork& slow_work, Prober& prober,
               Clock& clock, Log& log)
      : library_(library), slow_work_(slow_work), prober_(prober), clock_(clock), log_(log) {}

  runtime::Task<Result<delivery::Delivery>> deliver(const delivery::Handoff& handoff) override;
  delivery::Preview preview(const delivery::Handoff& handoff) const override;
  runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> read_delivered(
      const delivery::Handoff& handoff, ByteRange range) override;

  runtime::Task<Result<VideoList>> list(VideoFilter filter) override;
  runtime::Task<Result<std::string>> find(std::string id, model::Viewer viewer) override;
  runtime::Task<Result<std::string>> metadata(std::string id, model::Viewer viewer) override;
  runtime::Task<Result<>> remove(std::string id, model::Viewer viewer) override;
  runtime::Task<Result<>> remove_source(std::string id, model::Viewer viewer) override;

 private:
  runtime::Task<Result<model::VideoRecord>> find_record(std::string id, model::Viewer viewer);
  runtime::Task<Result<MediaInfo>> probe(const delivery::Handoff& handoff);

  library::Library& library_;
  delivery::SlowWork& slow_work_;
  Prober& prober_;
  Clock& clock_;
  Log& log_;
};

}  // namespace sluice::video
