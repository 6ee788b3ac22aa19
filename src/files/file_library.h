// SPDX-License-Identifier: MIT
// The embedded backend for any file: it is kept as it is, and its answer says where it can be read.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "delivery/backend.h"
#include "delivery/slow_work.h"
#include "files/files.h"
#include "library/library.h"

namespace sluice::files {

// The path under which files are read by capability.
inline constexpr const char* shared_path = "/stored-files/";

// Any worker; its references outlive it and what it opens. The digest of a file is slow work.
class FileLibrary final : public delivery::Backend, public Files {
 public:
  // The URLs of files begin with `base`; where it is empty, they are paths.
  FileLibrary(library::Library& library, delivery::SlowWork& slow_work, Clock& clock, Log& log,
              std::string base)
      : library_(library),
        slow_work_(slow_work),
        clock_(clock),
        log_(log),
        base_(std::move(base)) {}

  runtime::Task<Result<delivery::Delivery>> deliver(const delivery::Handoff& handoff) override;
  delivery::Preview preview(const delivery::Handoff& handoff) const override;
  runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> read_delivered(
      const delivery::Handoff& handoff, ByteRange range) override {
    return library_.read_delivered(handoff, range);
  }

  runtime::Task<Result<library::DocumentList>> list(library::Filter filter) override;
  runtime::Task<Result<std::string>> find(std::string id, model::Viewer viewer) override;
  runtime::Task<Result<>> remove(std::string id, model::Viewer viewer) override;
  runtime::Task<Result<OpenedFilePtr>> open(std::string id, model::Viewer viewer) override;
  runtime::Task<Result<OpenedFilePtr>> open_shared(std::string capability) override;

  // Digests that are being made end soon, with `draining`. Before the slow work is stopped.
  void stop() noexcept { stopping_ = true; }

 private:
  runtime::Task<Result<std::string>> digest(const delivery::Handoff& handoff);
  runtime::Task<Result<model::VideoRecord>> find_record(std::string id, model::Viewer viewer);
  Result<OpenedFilePtr> open_record(model::VideoRecord record);

  library::Library& library_;
  delivery::SlowWork& slow_work_;
  Clock& clock_;
  Log& log_;
  const std::string base_;
  std::atomic<bool> stopping_ = false;
};

}  // namespace sluice::files
