// SPDX-License-Identifier: MIT
#include "upload/upload_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/random.h"
#include "upload/checkpoint.h"

namespace sluice::upload {

using journal::UploadRecord;
using journal::UploadState;
using runtime::Task;

namespace {

Error gone(UploadState state) {
  return Error(Errc::not_found, state == UploadState::aborted ? "this upload was aborted"
                                                              : "this upload has expired");
}

class Waiter {
 public:
  explicit Waiter(std::atomic<std::size_t>& count) : count_(count), number_(++count) {}
  ~Waiter() { --count_; }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  // How many there are, this one included.
  std::size_t number() const noexcept { return number_; }

 private:
  std::atomic<std::size_t>& count_;
  const std::size_t number_;
};

}  // namespace

UploadEngine::UploadEngine(EngineParts parts, delivery::Handover& handover, EngineSettings settings)
    : parts_(parts),
      handover_(handover),
      settings_(settings),
      admission_(parts.store, settings.admission,
                 Admitted{parts.journal.promised_bytes(), parts.journal.unfinished_uploads(),
                          parts.journal.promised_to_owners()}),
      uploads_(parts.journal, admission_, parts.announcer),
      deferred_({parts.journal, parts.store, uploads_, parts.log, parts.metrics}),
      tools_{parts.store,   parts.buffers,    parts.clock,
             parts.metrics, settings_.expiry, settings.defers_syncs ? &deferred_ : nullptr},
      synced_tools_{parts.store, parts.buffers, parts.clock, parts.metrics, settings_.expiry} {}

Task<Result<Snapshot>> UploadEngine::create(NewUpload request) {
  UploadRecord record = new_record(request.file_size, std::move(request.owner));
  if (const Result<> admitted = co_await admission_.admit(request, record.id); !admitted) {
    co_return fail(admitted.error());
  }
  record.file_name = std::move(request.file_name);
  record.content_type = std::move(request.content_type);
  record.parameters = std::move(request.parameters);
  record.origin = std::move(request.origin);
  record.layout = std::move(request.layout);
  std::vector<journal::Change> changes =
      parts_.announcer.announcements(record, nullptr, record.progress);
  const bool announces = !changes.empty();
  if (request.use) {
    changes.emplace_back(used(*std::move(request.use)));
  }
  changes.emplace_back(journal::CreateUpload{record, request.limits});
  if (const Result<> committed = co_await parts_.journal.commit(std::move(changes)); !committed) {
    admission_.withdraw(record);
    co_return fail(committed.error());
  }
  if (announces) {
    parts_.announcer.announced();
  }
  parts_.log.info("upload created", {{"upload", record.id}, {"file_size", record.file_size}});
  co_return snapshot_of(*uploads_.add(std::move(record)));
}

UploadRecord UploadEngine::new_record(std::uint64_t file_size, std::string owner) {
  const Timestamp now = parts_.clock.now();
  UploadRecord record;
  record.id = parts_.journal.next_upload_id();
  record.token = random_token();
  record.file_size = file_size;
  record.owner = std::move(owner);
  record.created_at = now;
  const Expiry& expiry = settings_.expiry;
  record.progress.expires_at = now + std::min({expiry.untouched, expiry.idle, expiry.absolute});
  return record;
}

journal::UseSignature UploadEngine::used(journal::UseSignature use) const {
  use.now = parts_.clock.may_delete() ? std::min(use.now, parts_.clock.now()) : Timestamp();
  return use;
}

Snapshot UploadEngine::snapshot_of(const LiveUpload& upload) const {
  Snapshot snapshot = upload.snapshot();
  if (snapshot.layout) {
    delivery::Preview preview = handover_.preview(upload.record());
    snapshot.media_id = std::move(preview.media_id);
    snapshot.preview = std::move(preview.answer);
  }
  return snapshot;
}

Task<Result<Snapshot>> UploadEngine::status(std::string token) {
  const auto found = co_await uploads_.find(token);
  if (!found) {
    co_return fail(found.error());
  }
  co_await (*found)->wait_for_settling(limits::settling_wait_max);
  const CheckpointWaits waits{settings_.status_wait, settings_.arrival_wait};
  co_await settle_arrived(*found, tools_, parts_.log, waits);
  co_return co_await peek((*found)->token());
}

Task<Result<Snapshot>> UploadEngine::peek(std::string token) {
  const auto found = co_await uploads_.find(token);
  if (!found) {
    co_return fail(found.error());
  }
  co_return present(**found);
}

Task<std::uint64_t> UploadEngine::number_of(std::string token) {
  const auto found = co_await uploads_.find(token);
  co_return found ? (*found)->id() : 0;
}

Result<Snapshot> UploadEngine::present(const LiveUpload& upload) const {
  Snapshot snapshot = snapshot_of(upload);
  if (is_gone(snapshot.state)) {
    return fail(gone(snapshot.state));
  }
  return snapshot;
}

Task<Result<SnapshotPtr>> UploadEngine::append(const std::string& token, Piece piece,
                                               runtime::ByteSource& body) {
  const auto found = co_await uploads_.find(token);
  if (!found) {
    co_return fail(found.error());
  }
  LiveUpload& upload = **found;
  if (upload.has_layout() && !piece.part) {
    co_return present_on_heap(upload);
  }
  if (const Result<> sound = check_piece(upload, piece, body); !sound) {
    co_return fail(sound.error());
  }
  if (upload.state() == UploadState::receiving) {
    Append append(upload, tools_, piece, body);
    const Result<bool> finished = co_await append.run();
    if (!finished) {
      log_early_end(upload, finished.error());
      co_return fail(finished.error());
    }
    if (*finished) {
      hand_over(upload);
    }
  }
  if (awaits_answer(upload.state())) {
    co_return co_await wait_for_answer(upload);
  }
  co_return present_on_heap(upload);
}

Result<SnapshotPtr> UploadEngine::present_on_heap(const LiveUpload& upload) const {
  Result<Snapshot> snapshot = present(upload);
  if (!snapshot) {
    return fail(std::move(snapshot).error());
  }
  return std::make_unique<const Snapshot>(*std::move(snapshot));
}

void UploadEngine::log_early_end(const LiveUpload& upload, const Error& error) const {
  parts_.log.info("request ended early", {{"upload", upload.id()},
                                          {"stored", upload.progress().stored.prefix()},
                                          {"reason", info(error.code()).name},
                                          {"message", error.message()}});
}

void UploadEngine::hand_over(const LiveUpload& upload) {
  parts_.log.info("upload received", {{"upload", upload.id()}});
  handover_.submit(upload.record());
}

Result<> UploadEngine::check_piece(const LiveUpload& upload, const Piece& piece,
                                   const runtime::ByteSource& body) const {
  const journal::UploadProgress progress = upload.progress();
  if (is_gone(progress.state)) {
    return fail(gone(progress.state));
  }
  const std::uint64_t size = upload.file_size();
  if (piece.total && *piece.total != size) {
    return fail(Errc::bad_request,
                fmt::format("Content-Range says that the file has {} bytes, file_size of this "
                            "upload is {}",
                            *piece.total, size));
  }
  if (progress.state != UploadState::receiving) {
    return {};
  }
  if (!upload.is_trusted()) {
    return fail(Errc::storage_failed, "the disk failed under this upload");
  }
  const auto coming = body.remaining();
  if (piece.whole_file && coming && *coming != size) {
    return fail(Errc::bad_request,
                fmt::format("file_size is {} bytes, the body has {}; without Content-Range the "
                            "whole file is expected",
                            size, *coming));
  }
  if (piece.part && coming && *coming != *piece.end - piece.begin) {
    return fail(Errc::bad_request, fmt::format("this part has {} bytes, the body has {}",
                                               *piece.end - piece.begin, *coming));
  }
  return {};
}

Task<Result<SnapshotPtr>> UploadEngine::wait_for_answer(LiveUpload& upload) {
  const std::shared_ptr<runtime::Event> decided = upload.decided();
  bool is_decided = decided->is_set();
  if (const Waiter waiter(waiters_);
      !is_decided && waiter.number() <= settings_.answer_waiters_max) {
    is_decided = co_await decided->wait(settings_.answer_wait);
  }
  if (!is_decided) {
    co_return fail(Errc::delivery_pending,
                   "all bytes are stored, the backend has not answered yet: send the last byte "
                   "again to wait for its answer");
  }
  co_return std::make_unique<const Snapshot>(snapshot_of(upload));
}

Task<Result<std::shared_ptr<runtime::ByteSource>>> UploadEngine::open_answer(
    std::uint64_t upload_id, std::uint64_t size) {
  return parts_.answers.open(upload_id, size);
}

Task<Result<Snapshot>> UploadEngine::retry(std::uint64_t upload_id) {
  const auto record = co_await parts_.journal.find_upload_by_id(upload_id);
  if (!record) {
    co_return fail(record.error());
  }
  if (!*record) {
    co_return fail(Errc::not_found, fmt::format("there is no upload {}", upload_id));
  }
  const auto found = co_await uploads_.find((*record)->token);
  if (!found) {
    co_return fail(found.error());
  }
  LiveUpload& upload = **found;
  const journal::UploadState before = upload.state();
  PutBack event{parts_.clock.now()};
  const Result<Transition> committed = co_await upload.commit(event);
  if (!committed) {
    co_return fail(committed.error());
  }
  Snapshot snapshot = upload.snapshot();
  if (committed->deliver) {
    parts_.log.info("upload is handed over again",
                    {{"upload", upload_id}, {"was", journal::to_text(before)}});
    handover_.submit(upload.record());
  } else if (awaits_answer(snapshot.state)) {
    handover_.hurry(upload_id);
  } else {
    co_return fail(Errc::bad_request,
                   fmt::format("upload {} is {}: only one that was refused, has failed or is being "
                               "handed over can be tried again, and only with its file",
                               upload_id, journal::to_text(snapshot.state)));
  }
  co_return snapshot;
}

// One that cannot be put back now is left to the operator, by its number in the log.
Task<Result<RetriedPage>> UploadEngine::retry_all(RetryRange range) {
  const Timestamp until = range.until.value_or(parts_.clock.now());
  const auto page =
      co_await parts_.journal.decided(range.after, until, limits::deliveries_page_count);
  if (!page) {
    co_return fail(page.error());
  }
  RetriedPage done;
  for (const journal::Decided& decided : *page) {
    const Result<Snapshot> snapshot = co_await retry(decided.id);
    if (snapshot) {
      ++done.retried;
    } else {
      ++done.failed;
      parts_.log.warn("upload could not be handed over again",
                      {{"upload", decided.id}, {"reason", snapshot.error().message()}});
    }
  }
  if (page->size() == limits::deliveries_page_count) {
    done.next = RetryRange{page->back(), until};
  }
  co_return done;
}

Task<Result<>> UploadEngine::abort(std::string token) {
  const auto found = co_await uploads_.find(token);
  if (!found) {
    co_return fail(found.error());
  }
  LiveUpload& upload = **found;
  if (upload.state() == UploadState::expired) {
    co_return fail(gone(UploadState::expired));
  }
  const Aborted event{parts_.clock.now() + settings_.expiry.finished};
  const Result<Transition> committed = co_await upload.commit(event);
  if (!committed) {
    co_return fail(committed.error());
  }
  if (committed->remove_blob) {
    parts_.log.info("upload aborted", {{"upload", upload.id()}});
    co_return co_await remove_blob(upload);
  }
  co_return Result<>();
}

// Whoever still writes is cut off first: a blob is created when it is opened.
Task<Result<>> UploadEngine::remove_blob(LiveUpload& upload) {
  if (!co_await upload.cut_all(Errc::not_found, limits::takeover_wait_max)) {
    co_return fail(Errc::overloaded, "a request for this upload is still being stored");
  }
  if (const Result<> removed = co_await parts_.store.remove(upload.id()); !removed) {
    co_return fail(removed.error());
  }
  BlobRemoved event;
  const Result<Transition> committed = co_await upload.commit(event);
  if (!committed) {
    co_return fail(committed.error());
  }
  co_return Result<>();
}

void UploadEngine::began(const std::string& token) {
  if (const std::shared_ptr<LiveUpload> upload = uploads_.find_in_memory(token)) {
    upload->note(AttemptBegan{});
  }
}

Task<Result<>> UploadEngine::failed(std::string token, unsigned attempts,
                                    Timestamp next_attempt_at) {
  const auto found = co_await uploads_.find(token);
  if (!found) {
    co_return fail(found.error());
  }
  AttemptFailed event{attempts, next_attempt_at};
  const Result<Transition> committed = co_await (*found)->commit(event);
  if (!committed) {
    co_return fail(committed.error());
  }
  co_return Result<>();
}

Task<Result<>> UploadEngine::gave_up(std::string token, unsigned attempts, std::string reason) {
  const auto found = co_await uploads_.find(token);
  if (!found) {
    co_return fail(found.error());
  }
  const Timestamp now = parts_.clock.now();
  GaveUp event{attempts, std::move(reason), now, now + settings_.expiry.failed};
  const Result<Transition> committed = co_await (*found)->commit(std::move(event));
  if (!committed) {
    co_return fail(committed.error());
  }
  co_return Result<>();
}

Task<Result<>> UploadEngine::answered(std::string token, delivery::Delivery delivery) {
  const auto found = co_await uploads_.find(token);
  if (!found) {
    co_return fail(found.error());
  }
  LiveUpload& upload = **found;
  const Timestamp now = parts_.clock.now();
  const bool is_refused = delivery.answer.status >= 400;
  const Duration kept_for = is_refused ? settings_.expiry.refused : settings_.expiry.finished;
  Answered event{std::move(delivery.answer), delivery.blob_taken, now, now + kept_for};
  const Result<Transition> committed =
      co_await upload.commit(std::move(event), std::move(delivery.changes));
  if (!committed) {
    co_return fail(committed.error());
  }
  if (committed->remove_blob) {
    if (const Result<> removed = co_await remove_blob(upload); !removed) {
      parts_.log.warn("bytes of a finished upload stay for the reaper",
                      {{"upload", upload.id()}, {"reason", removed.error().message()}});
    }
  } else {
    // A request that still sends bytes of the file gets the answer now.
    (void)co_await upload.cut_all(Errc::not_found, limits::takeover_wait_max);
  }
  co_return Result<>();
}

}  // namespace sluice::upload
