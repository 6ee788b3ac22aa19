// SPDX-License-Identifier: MIT
// The operator's commands on the uploads of a running server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "journal/journal.h"
#include "runtime/task.h"
#include "upload/story.h"
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

// An upload as an operator sees it. The record's token is the client's secret: it is not shown.
struct UploadView {
  model::UploadRecord record;  // Where the upload is in memory, as it is there.
  std::uint64_t arrived = 0;   // Bytes of the file that are written, also by running requests.
  bool is_being_written = false;
  Timestamp last_byte_at;  // In this process; no time: none came.
  // Of one that find() has looked for, if it is in memory.
  Story story = {};
  Timestamp in_memory_since = {};
};

class LiveUpload;

// Any worker may call. Uploads go by their public number: the token is the client's alone.
class Operations {
 public:
  virtual ~Operations() = default;

  // A page, as Journal::list_uploads() has it.
  virtual runtime::Task<Result<std::vector<UploadView>>> list(journal::UploadQuery query) = 0;

  // not_found for an unknown id.
  virtual runtime::Task<Result<UploadView>> find(std::uint64_t upload_id) = 0;

  // Those in memory: all that requests and hand-offs work on, and those that they have worked on
  // last. Any thread, as look_at().
  virtual std::vector<std::shared_ptr<const LiveUpload>> live() = 0;
  virtual UploadView look_at(const LiveUpload& upload) const = 0;

  // Ends the upload's requests and frees its bytes. not_found for an unknown id; bad_request for
  // one that is complete or over: the backend may have its file.
  virtual runtime::Task<Result<UploadView>> abort(std::uint64_t upload_id) = 0;

  // Begins another round of attempts to hand over an upload that was refused, failed or was set
  // aside, which is checked again; ends the pause of one whose hand-off goes on. not_found for an
  // unknown id, bad_request for any other state and without the file.
  virtual runtime::Task<Result<SnapshotPtr>> retry(std::uint64_t upload_id) = 0;

  // A file that is set aside is handed over, past the checks. not_found for an unknown id,
  // bad_request for any other state.
  virtual runtime::Task<Result<UploadView>> release(std::uint64_t upload_id) = 0;
  // A file that is set aside is refused: the client is answered 422 with `words`. Errors as above.
  virtual runtime::Task<Result<UploadView>> refuse(std::uint64_t upload_id, std::string words) = 0;

  // retry() for the first uploads of `range`, limits::deliveries_page_count at most.
  virtual runtime::Task<Result<RetriedPage>> retry_all(RetryRange range) = 0;
};

}  // namespace sluice::upload
