// SPDX-License-Identifier: MIT
// The operator's commands on the uploads of a running server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/error.h"
#include "journal/journal.h"
#include "runtime/task.h"
#include "upload/upload.h"

namespace sluice::upload {

// Which refused and failed uploads are to be handed over again: those behind `after`, but for those
// that were decided at `until` or later. Unset: now, so that a retry that is refused at once does
// not come again.
struct RetryRange {
  journal::Decided after;
  std::optional<Timestamp> until = std::nullopt;
};

struct RetriedPage {
  std::size_t retried = 0;         // Are being handed over again.
  std::size_t failed = 0;          // Could not be; the log says why.
  std::optional<RetryRange> next;  // Unset: this was the last page.
};

// Any worker may call. Uploads go by their public number: the token is the client's alone.
class Operations {
 public:
  virtual ~Operations() = default;

  // Begins another round of attempts to hand a refused or failed upload over; ends the pause of one
  // whose hand-off goes on. not_found for an unknown id, bad_request for any other state and
  // without the file.
  virtual runtime::Task<Result<SnapshotPtr>> retry(std::uint64_t upload_id) = 0;

  // The same for the first uploads of `range`, limits::deliveries_page_count at most.
  virtual runtime::Task<Result<RetriedPage>> retry_all(RetryRange range) = 0;
};

}  // namespace sluice::upload
