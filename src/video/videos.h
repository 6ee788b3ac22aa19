// SPDX-License-Identifier: MIT
// The video library as the API sees it: Video JSON in and out.
#pragma once

#include <string>

#include "base/error.h"
#include "library/library.h"
#include "model/viewer.h"
#include "runtime/task.h"

namespace sluice::video {

using VideoFilter = library::Filter;  // Statuses: processing, success, fail.
using VideoList = library::DocumentList;

// Any worker. not_found with the API's words ("Couldn't find Video with ID=X"), also for a video
// that is not the viewer's.
class Videos {
 public:
  virtual ~Videos() = default;

  virtual runtime::Task<Result<VideoList>> list(VideoFilter filter) = 0;
  virtual runtime::Task<Result<std::string>> find(std::string id, model::Viewer viewer) = 0;
  // Free-form JSON object (panda-clients 6.2).
  virtual runtime::Task<Result<std::string>> metadata(std::string id, model::Viewer viewer) = 0;
  // The file and the record.
  virtual runtime::Task<Result<>> remove(std::string id, model::Viewer viewer) = 0;
  // The file alone; the record stays. Repeating it is no error.
  virtual runtime::Task<Result<>> remove_source(std::string id, model::Viewer viewer) = 0;
};

}  // namespace sluice::video
