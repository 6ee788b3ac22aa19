// SPDX-License-Identifier: MIT
// The embedded backend: a finished file becomes a file of the video library and a record of the
// journal.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "delivery/backend.h"
#include "delivery/slow_work.h"
#include "journal/journal.h"
#include "runtime/event.h"
#include "store/named_files.h"
#include "store/store.h"
#include "video/media_info.h"
#include "video/probe.h"
#include "video/videos.h"

namespace sluice::video {

// The order of writes to the disk: first the file under a name that follows from the upload, then,
// in one commit, the record and the upload's answer. A removal goes the other way: the record says
// so, the files go, the record goes. No hand-off is repeated for a video that has a record, and
// none needs it: the upload's answer came with it.
// So a file without a record belongs to an upload whose hand-off will be repeated, and a crash
// between any two steps leaves nothing behind that the next attempt or clean_leftovers() does not
// find. Any worker; its references outlive it. Probes are slow work.
class VideoLibrary final : public delivery::Backend, public Videos {
 public:
  VideoLibrary(journal::Journal& journal, store::Store& store, store::NamedFiles& files,
               delivery::SlowWork& slow_work, Prober& prober, Clock& clock, Log& log);
  ~VideoLibrary() override;
  VideoLibrary(const VideoLibrary&) = delete;
  VideoLibrary& operator=(const VideoLibrary&) = delete;

  // Ends the removals that a crash or a failing disk interrupted. At start-up, and whenever wanted.
  runtime::Task<> clean_leftovers();

  runtime::Task<Result<delivery::Delivery>> deliver(const delivery::Handoff& handoff) override;
  delivery::Preview preview(const delivery::Handoff& handoff) const override;
  runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> read_delivered(
      const delivery::Handoff& handoff, ByteRange range) override;

  runtime::Task<Result<VideoList>> list(VideoFilter filter) override;
  runtime::Task<Result<std::string>> find(std::string id, Viewer viewer) override;
  runtime::Task<Result<std::string>> metadata(std::string id, Viewer viewer) override;
  // A removal that failed half-way can be repeated; one that is complete is not_found.
  runtime::Task<Result<>> remove(std::string id, Viewer viewer) override;
  runtime::Task<Result<>> remove_source(std::string id, Viewer viewer) override;

 private:
  class Change;

  runtime::Task<Result<model::VideoRecord>> find_record(std::string id, Viewer viewer);
  runtime::Task<Result<model::VideoRecord>> find_present(std::string id, Viewer viewer);
  runtime::Task<Result<MediaInfo>> probe(const delivery::Handoff& handoff, std::string name);
  runtime::Task<Result<>> put(model::VideoRecord record);
  // Removes the file and marks it as removed in the record.
  // `record` lives until this returns.
  runtime::Task<Result<>> remove_files(const model::VideoRecord& record);
  // Waits until no other change of the video is under way, and keeps others out.
  runtime::Task<Result<std::unique_ptr<Change>>> begin_change(std::string id);

  journal::Journal& journal_;
  store::Store& store_;
  store::NamedFiles& files_;
  delivery::SlowWork& slow_work_;
  Prober& prober_;
  Clock& clock_;
  Log& log_;

  Mutex mutex_;
  // Set when the change of that video has ended.
  std::map<std::string, std::shared_ptr<runtime::Event>> changes_ GUARDED_BY(mutex_);
};

}  // namespace sluice::video
