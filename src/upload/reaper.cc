// SPDX-License-Identifier: MIT
#include "upload/reaper.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "base/limits.h"
#include "upload/checkpoint.h"

namespace sluice::upload {

using model::UploadRecord;
using model::UploadState;
using runtime::Task;

Task<Result<Reaped>> Reaper::reap() {
  const Timestamp now = core_.parts.clock.now();
  std::vector<UploadRecord> found;
  bool has_more = false;
  if (core_.parts.clock.may_delete()) {
    auto due = co_await core_.parts.journal.due(now, due_after_, limits::reaper_batch_count);
    if (!due) {
      co_return fail(due.error());
    }
    has_more = due->size() == limits::reaper_batch_count;
    due_after_ = has_more ? journal::ExpiryPosition{due->back().progress.expires_at, due->back().id}
                          : journal::ExpiryPosition();
    found = *std::move(due);
  }
  auto leftover =
      co_await core_.parts.journal.leftover_blobs(leftover_after_, limits::reaper_batch_count);
  if (!leftover) {
    co_return fail(leftover.error());
  }
  const bool has_more_leftover = leftover->size() == limits::reaper_batch_count;
  leftover_after_ = has_more_leftover ? leftover->back().id : 0;
  std::ranges::move(*leftover, std::back_inserter(found));
  Reaped reaped{.count = 0, .has_more = has_more || has_more_leftover};
  for (const UploadRecord& record : found) {
    const Result<bool> done = co_await reap_one(record);
    if (!done) {
      core_.parts.log.warn("reaper could not finish",
                           {{"upload", record.id}, {"reason", done.error().message()}});
    }
    reaped.count += done && *done ? 1 : 0;
  }
  co_return reaped;
}

bool Reaper::is_over(const LiveUpload& upload, Timestamp now) const {
  const model::UploadProgress progress = upload.progress();
  if (progress.expires_at > now || !core_.parts.clock.may_delete()) {
    return false;
  }
  if (progress.state != UploadState::receiving || !upload.is_being_written()) {
    return true;
  }
  // A request under way is activity, whatever the journal says, but for the absolute time. A
  // request with a file without a session has a time of its own.
  return !upload.is_nameless() && upload.created_at() + core_.settings->expiry.absolute <= now;
}

Task<Result<>> Reaper::renew(LiveUpload& upload) {
  BytesStored event{{}, next_expiry(upload, core_.tools), false};
  const Result<Transition> committed = co_await upload.commit(std::move(event));
  co_return committed ? Result<>() : fail(committed.error());
}

// The journal forgets an upload only after the store has: no file is ever without a record.
Task<Result<bool>> Reaper::reap_one(const UploadRecord& record) {
  const auto found = co_await core_.uploads.find(record.token);
  if (!found) {
    co_return false;
  }
  LiveUpload& upload = **found;
  const Timestamp now = core_.parts.clock.now();
  const UploadState state = upload.state();
  if (can_expire(state)) {
    if (!is_over(upload, now)) {
      co_return false;
    }
    if (concatenations_.waits(upload) &&
        upload.created_at() + core_.settings->expiry.absolute > now) {
      const Result<> renewed = co_await renew(upload);
      co_return renewed ? Result<bool>(false) : fail(renewed.error());
    }
    Expired event{now};
    const Result<Transition> expired = co_await upload.commit(event);
    if (!expired) {
      co_return fail(expired.error());
    }
    if (!expired->changed) {
      co_return false;
    }
    core_.parts.log.info("upload expired", {{"upload", upload.id()}});
    concatenations_.changed(upload);
  }
  const model::UploadProgress progress = upload.progress();
  if (is_being_handed_over(progress.state)) {
    co_return false;
  }
  bool is_reaped = false;
  if (progress.blob_present) {
    if (const Result<> removed = co_await remove_blob(upload, core_.parts.store); !removed) {
      co_return fail(removed.error());
    }
    is_reaped = true;
  }
  const Timestamp over = now - core_.parts.store.late_bytes_max();
  if (progress.expires_at <= over && core_.parts.clock.may_delete()) {
    if (const Result<> forgotten = co_await forget(upload); !forgotten) {
      co_return fail(forgotten.error());
    }
    is_reaped = true;
  }
  co_return is_reaped;
}

Task<Result<>> Reaper::forget(LiveUpload& upload) {
  if (core_.parts.store.late_bytes_max() > Duration::zero()) {
    if (Result<> removed = co_await core_.parts.store.remove(upload.id()); !removed) {
      co_return removed;
    }
  }
  // Whatever the journal says of it: an attempt that a crash ended may have left its own.
  if (Result<> removed = co_await core_.parts.answers.remove(upload.id()); !removed) {
    co_return removed;
  }
  std::vector<journal::Change> changes;
  changes.emplace_back(journal::RemoveUpload{upload.id(), upload.progress().version});
  Result<> committed = co_await core_.parts.journal.commit(std::move(changes));
  if (committed) {
    core_.uploads.forget(upload.token());
  }
  co_return committed;
}

}  // namespace sluice::upload
