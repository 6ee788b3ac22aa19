// SPDX-License-Identifier: MIT
// The engine's housekeeping.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/error.h"
#include "journal/journal.h"
#include "runtime/task.h"
#include "upload/concatenations.h"
#include "upload/engine_core.h"

namespace sluice::upload {

struct Reaped {
  std::size_t count = 0;  // Uploads that were removed, or their bytes.
  bool has_more = false;
};

class Reaper {
 public:
  Reaper(EngineCore& core, Concatenations& concatenations)
      : core_(core), concatenations_(concatenations) {}

  // Removes unfinished uploads that are not continued, finished ones that are kept no longer, and
  // bytes without a use. A batch of them: the next call goes on behind it, or begins anew when
  // there is no more. One call at a time.
  runtime::Task<Result<Reaped>> reap();

 private:
  // Whether the upload's time is over, and no request may go on with it.
  bool is_over(const LiveUpload& upload, Timestamp now) const;
  // The upload lives as long as what it waits for, but for the absolute time.
  runtime::Task<Result<>> renew(LiveUpload& upload);
  // False when nothing had to go.
  runtime::Task<Result<bool>> reap_one(const model::UploadRecord& record);
  runtime::Task<Result<>> forget(LiveUpload& upload);

  EngineCore& core_;
  Concatenations& concatenations_;
  // Where the last batch ended.
  journal::ExpiryPosition due_after_;
  std::uint64_t leftover_after_ = 0;
};

}  // namespace sluice::upload
