// SPDX-License-Identifier: MIT
#include "upload/retries.h"

#include <fmt/format.h>

#include "base/limits.h"

namespace sluice::upload {

using runtime::Task;

Task<Result<SnapshotPtr>> Retries::retry(std::uint64_t upload_id) {
  const auto record = co_await core_.parts.journal.find_upload_by_id(upload_id);
  if (!record) {
    co_return fail(record.error());
  }
  if (!*record) {
    co_return fail(Errc::not_found, fmt::format("there is no upload {}", upload_id));
  }
  const auto found = co_await core_.uploads.find((*record)->token);
  if (!found) {
    co_return fail(found.error());
  }
  LiveUpload& upload = **found;
  const model::UploadState before = upload.state();
  PutBack event{core_.parts.clock.now()};
  const Result<Transition> committed = co_await upload.commit(event);
  if (!committed) {
    co_return fail(committed.error());
  }
  auto snapshot = std::make_unique<const Snapshot>(upload.snapshot());
  if (committed->deliver) {
    core_.parts.log.info("upload is handed over again",
                         {{"upload", upload_id}, {"was", model::to_text(before)}});
    core_.handover.submit(upload.record());
  } else if (awaits_answer(snapshot->state)) {
    core_.handover.hurry(upload_id);
  } else {
    co_return fail(Errc::bad_request,
                   fmt::format("upload {} is {}: only one that was refused, has failed or is being "
                               "handed over can be tried again, and only with its file",
                               upload_id, model::to_text(snapshot->state)));
  }
  co_return snapshot;
}

// An upload that cannot be put back now is left to the operator, by its number in the log.
Task<Result<RetriedPage>> Retries::retry_all(RetryRange range) {
  const Timestamp until = range.until.value_or(core_.parts.clock.now());
  const auto page =
      co_await core_.parts.journal.decided(range.after, until, limits::deliveries_page_count);
  if (!page) {
    co_return fail(page.error());
  }
  RetriedPage done;
  for (const journal::Decided& decided : *page) {
    const Result<SnapshotPtr> snapshot = co_await retry(decided.id);
    if (snapshot) {
      ++done.retried;
    } else {
      ++done.failed;
      core_.parts.log.warn("upload could not be handed over again",
                           {{"upload", decided.id}, {"reason", snapshot.error().message()}});
    }
  }
  if (page->size() == limits::deliveries_page_count) {
    done.next = RetryRange{page->back(), until};
  }
  co_return done;
}

}  // namespace sluice::upload
