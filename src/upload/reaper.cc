// SPDX-License-Identifier: MIT
// The engine's housekeeping.
#include "base/limits.h"
#include "upload/upload_engine.h"

namespace sluice::upload {

using journal::UploadRecord;
using journal::UploadState;
using runtime::Task;

Task<Result<std::size_t>> UploadEngine::reap() {
  const Timestamp now = parts_.clock.now();
  std::size_t count = 0;
  auto due = co_await parts_.journal.due(now, limits::reaper_batch_count);
  if (!due) {
    co_return fail(due.error());
  }
  auto leftover = co_await parts_.journal.leftover_blobs(limits::reaper_batch_count);
  if (!leftover) {
    co_return fail(leftover.error());
  }
  due->insert(due->end(), leftover->begin(), leftover->end());
  for (const UploadRecord& record : *due) {
    const Result<> reaped = co_await reap_one(record);
    if (!reaped) {
      parts_.log.warn("reaper could not finish",
                      {{"upload", record.id}, {"reason", reaped.error().message()}});
      continue;
    }
    ++count;
  }
  co_return count;
}

// The journal forgets an upload only after the store has: no file is ever without a record.
Task<Result<>> UploadEngine::reap_one(const UploadRecord& record) {
  const auto found = co_await uploads_.find(record.token);
  if (!found) {
    co_return Result<>();
  }
  LiveUpload& upload = **found;
  const Timestamp now = parts_.clock.now();
  const UploadState state = upload.state();
  if (can_expire(state)) {
    // A request under way is activity, whatever the journal says.
    if (upload.is_being_written() || upload.progress().expires_at > now) {
      co_return Result<>();
    }
    Expired event{now};
    const Result<Transition> expired = co_await upload.commit(event);
    if (!expired) {
      co_return fail(expired.error());
    }
    parts_.log.info("upload expired", {{"upload", upload.id()}});
  }
  const journal::UploadProgress progress = upload.progress();
  if (awaits_answer(progress.state)) {
    co_return Result<>();
  }
  if (progress.blob_present) {
    if (const Result<> removed = co_await remove_blob(upload); !removed) {
      co_return fail(removed.error());
    }
  }
  if (progress.expires_at <= now) {
    // Whatever the journal says of it: an attempt that a crash ended may have left its own.
    if (const Result<> removed = co_await parts_.answers.remove(upload.id()); !removed) {
      co_return fail(removed.error());
    }
    std::vector<journal::Change> changes;
    changes.emplace_back(journal::RemoveUpload{upload.id()});
    if (const Result<> committed = co_await parts_.journal.commit(std::move(changes)); !committed) {
      co_return fail(committed.error());
    }
    uploads_.forget(upload.token());
  }
  co_return Result<>();
}

}  // namespace sluice::upload
