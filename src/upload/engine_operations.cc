// SPDX-License-Identifier: MIT
#include "upload/engine_operations.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "delivery/checks.h"

namespace sluice::upload {

using runtime::Task;

namespace {

Error no_upload(std::uint64_t upload_id) {
  return Error(Errc::not_found, fmt::format("there is no upload {}", upload_id));
}

}  // namespace

UploadView EngineOperations::view_of(model::UploadRecord record) const {
  const std::uint64_t stored = record.progress.stored.total();
  if (const auto live = core_.uploads.find_in_memory(record.token)) {
    UploadView view = look_at(*live);
    // Another node may have changed it since this one read it.
    if (view.record.progress.version < record.progress.version) {
      view.record = std::move(record);
      view.arrived = std::max(view.arrived, stored);
    }
    return view;
  }
  return {.record = std::move(record),
          .arrived = stored,
          .is_being_written = false,
          .last_byte_at = {}};
}

UploadView EngineOperations::look_at(const LiveUpload& upload) const {
  UploadView view{.record = upload.record(),
                  .arrived = upload.arrived_bytes(),
                  .is_being_written = upload.is_being_written(),
                  .last_byte_at = {}};
  if (const auto silence = upload.silence()) {
    view.last_byte_at = core_.parts.clock.now() - *silence;
  }
  return view;
}

// One without a name is no upload yet.
std::vector<std::shared_ptr<const LiveUpload>> EngineOperations::live() {
  std::vector<std::shared_ptr<const LiveUpload>> uploads = core_.uploads.all_in_memory();
  std::erase_if(uploads, [](const auto& upload) { return upload->is_nameless(); });
  return uploads;
}

Task<Result<std::vector<UploadView>>> EngineOperations::list(journal::UploadQuery query) {
  auto page = co_await core_.parts.journal.list_uploads(std::move(query));
  if (!page) {
    co_return fail(page.error());
  }
  std::vector<UploadView> views;
  views.reserve(page->size());
  for (model::UploadRecord& record : *page) {
    views.push_back(view_of(std::move(record)));
  }
  co_return views;
}

Task<Result<UploadView>> EngineOperations::find(std::uint64_t upload_id) {
  auto record = co_await core_.parts.journal.find_upload_by_id(upload_id);
  if (!record) {
    co_return fail(record.error());
  }
  if (!*record) {
    co_return fail(no_upload(upload_id));
  }
  UploadView view = view_of(**std::move(record));
  if (const auto live = core_.uploads.find_in_memory(view.record.token)) {
    view.story = live->story();
    view.in_memory_since = live->in_memory_since();
  }
  co_return view;
}

Task<Result<std::shared_ptr<LiveUpload>>> EngineOperations::load(std::uint64_t upload_id) {
  const auto record = co_await core_.parts.journal.find_upload_by_id(upload_id);
  if (!record) {
    co_return fail(record.error());
  }
  if (!*record) {
    co_return fail(no_upload(upload_id));
  }
  co_return co_await core_.uploads.find((*record)->token);
}

Task<Result<UploadView>> EngineOperations::abort(std::uint64_t upload_id) {
  const auto found = co_await load(upload_id);
  if (!found) {
    co_return fail(found.error());
  }
  LiveUpload& upload = **found;
  const Result<bool> aborted = co_await abort_upload(core_, upload);
  concatenations_.changed(upload);
  if (!aborted) {
    co_return fail(aborted.error());
  }
  if (!*aborted) {
    co_return fail(Errc::bad_request,
                   fmt::format("upload {} is {}: only one that is being received can be ended",
                               upload_id, model::to_text(upload.state())));
  }
  core_.parts.log.info("the operator has ended an upload", {{"upload", upload_id}});
  co_return view_of(upload.record());
}

Task<Result<SnapshotPtr>> EngineOperations::retry(std::uint64_t upload_id) {
  const auto found = co_await load(upload_id);
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
  } else if (is_being_handed_over(snapshot->state)) {
    core_.handover.hurry(upload_id);
    core_.peers.hurry(upload_id);
  } else {
    co_return fail(
        Errc::bad_request,
        fmt::format("upload {} is {}: only one that was refused, has failed, is set aside "
                    "or is being handed over can be tried again, and only with its file",
                    upload_id, model::to_text(snapshot->state)));
  }
  co_return snapshot;
}

Task<Result<UploadView>> EngineOperations::release(std::uint64_t upload_id) {
  Event event = Released{core_.parts.clock.now()};
  co_return co_await decide(upload_id, std::move(event));
}

Task<Result<UploadView>> EngineOperations::refuse(std::uint64_t upload_id, std::string words) {
  const Timestamp now = core_.parts.clock.now();
  model::Answer answer = delivery::refusal_in_words(words);
  Event event = Refused{std::move(answer), now, now + core_.settings->expiry.refused};
  co_return co_await decide(upload_id, std::move(event));
}

Task<Result<UploadView>> EngineOperations::decide(std::uint64_t upload_id, Event event) {
  const auto found = co_await load(upload_id);
  if (!found) {
    co_return fail(found.error());
  }
  LiveUpload& upload = **found;
  const Result<Transition> committed = co_await upload.commit(std::move(event));
  if (!committed) {
    co_return fail(committed.error());
  }
  if (!committed->changed) {
    co_return fail(Errc::bad_request,
                   fmt::format("upload {} is {}: the operator decides about one that is set aside",
                               upload_id, model::to_text(upload.state())));
  }
  if (committed->deliver) {
    core_.handover.submit(upload.record());
  }
  co_return view_of(upload.record());
}

// An upload that cannot be put back now is left to the operator, by its number in the log.
Task<Result<RetriedPage>> EngineOperations::retry_all(RetryRange range) {
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
