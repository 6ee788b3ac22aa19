// SPDX-License-Identifier: MIT
#include "fsck/record_repairs.h"

#include <utility>

#include "base/limits.h"
#include "fsck/comparison.h"

namespace sluice::fsck {

// The extents first: one that stays would take the place of that of the bytes that come again.
Result<std::string> RecordRepairs::cut_stored(const model::UploadRecord& record,
                                              const RangeSet& lost) {
  for (const ByteRange range : lost.ranges()) {
    if (const Result<> removed = journal_.remove_extents(record.id, range); !removed) {
      return fail(removed.error());
    }
  }
  model::UploadProgress progress = cut(record.progress, lost, now_ + limits::fsck_cut_upload_life);
  const std::string left = std::to_string(progress.stored.total());
  const Result<> committed = journal_.commit(journal::UpdateUpload{
      .id = record.id, .progress = std::move(progress), .layout = record.layout});
  if (!committed) {
    return fail(committed.error());
  }
  return "it has " + left + " bytes now and can be continued";
}

Result<std::string> RecordRepairs::forget_blob(const model::UploadRecord& record) {
  model::UploadProgress progress = record.progress;
  progress.blob_present = false;
  const Result<> committed = journal_.commit(journal::UpdateUpload{record.id, std::move(progress)});
  if (!committed) {
    return fail(committed.error());
  }
  return "it keeps its answer and cannot be handed over again";
}

}  // namespace sluice::fsck
