// SPDX-License-Identifier: MIT
// The video library as the API sees it: Video JSON in and out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "runtime/task.h"

namespace sluice::video {

// The owner whose videos a request may see; unset: all owners'.
using Viewer = std::optional<std::string>;

struct VideoFilter {
  std::optional<std::string> status;  // processing, success or fail.
  std::uint64_t page = 1;
  std::uint64_t per_page = 100;
  Viewer viewer = std::nullopt;
};

struct VideoList {
  std::vector<std::string> documents;  // Video JSON, one line each, newest first.
  std::uint64_t total = 0;             // On all pages.
};

// Any worker. not_found with the API's words ("Couldn't find Video with ID=X"), also for a video
// that is not the viewer's.
class Videos {
 public:
  virtual ~Videos() = default;

  virtual runtime::Task<Result<VideoList>> list(VideoFilter filter) = 0;
  virtual runtime::Task<Result<std::string>> find(std::string id, Viewer viewer) = 0;
  // Free-form JSON object (panda-clients 6.2).
  virtual runtime::Task<Result<std::string>> metadata(std::string id, Viewer viewer) = 0;
  // The file and the record.
  virtual runtime::Task<Result<>> remove(std::string id, Viewer viewer) = 0;
  // The file alone; the record stays. Repeating it is no error.
  virtual runtime::Task<Result<>> remove_source(std::string id, Viewer viewer) = 0;
};

}  // namespace sluice::video
