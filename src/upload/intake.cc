// SPDX-License-Identifier: MIT
// The journal knows an upload before the store does. A file without a session is an upload without
// a name and of unknown size in it at first, so that a crash leaves something for the reaper and
// the promised room is right. One commit puts the complete upload of its owner in its place, with
// another token: the first one was told to no client.
#include "upload/intake.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/random.h"

namespace sluice::upload {

using model::UploadRecord;
using runtime::Task;

namespace {

// A file that the backend has not taken is kept.
bool is_over(model::UploadState state) noexcept {
  return state == model::UploadState::delivered || model::is_gone(state);
}

}  // namespace

Task<Result<std::shared_ptr<LiveUpload>>> Intake::create(NewUpload request) {
  if (!request.finds_former) {
    co_return co_await create_new(std::move(request), std::nullopt);
  }
  std::optional<journal::RemoveUpload> removal;
  const auto former = co_await core_.uploads.find(request.token);
  if (!former && former.error().code() != Errc::not_found) {
    co_return fail(former.error());
  }
  if (former && !is_over((*former)->state())) {
    co_return *former;
  }
  if (former) {
    const Result<journal::RemoveUpload> cleared = co_await clear(**former);
    if (!cleared) {
      co_return fail(cleared.error());
    }
    removal = *cleared;
  }
  co_return co_await create_new(std::move(request), removal);
}

Task<Result<journal::RemoveUpload>> Intake::clear(LiveUpload& former) {
  if (former.progress().blob_present) {
    if (const Result<> removed = co_await remove_blob(former, core_.parts.store); !removed) {
      co_return fail(removed.error());
    }
  }
  if (const Result<> removed = co_await core_.parts.answers.remove(former.id()); !removed) {
    co_return fail(removed.error());
  }
  co_return journal::RemoveUpload{former.id(), former.progress().version};
}

Task<Result<std::shared_ptr<LiveUpload>>> Intake::create_new(
    NewUpload request, std::optional<journal::RemoveUpload> former) {
  Result<UploadRecord> made = co_await new_record(request);
  if (!made) {
    co_return fail(made.error());
  }
  UploadRecord& record = *made;
  if (const Result<> admitted = co_await core_.admission.admit(request, record.id); !admitted) {
    co_return fail(admitted.error());
  }
  record.file_name = std::move(request.file_name);
  record.content_type = std::move(request.content_type);
  record.parameters = std::move(request.parameters);
  record.origin = std::move(request.origin);
  record.layout = std::move(request.layout);
  record.dialect = std::move(request.dialect);
  record.words = std::move(request.words);
  record.is_partial = request.is_partial;
  record.partials = std::move(request.partials);
  if (!request.token.empty()) {
    record.token = std::move(request.token);
  }
  std::vector<journal::Change> changes =
      core_.parts.announcer.announcements(record, nullptr, record.progress);
  const bool announces = !changes.empty();
  if (former) {
    changes.emplace_back(*former);
  }
  if (request.use) {
    changes.emplace_back(used(*std::move(request.use)));
  }
  changes.emplace_back(journal::CreateUpload{record, request.limits});
  if (const Result<> committed = co_await core_.parts.journal.commit(std::move(changes));
      !committed) {
    core_.admission.withdraw(
        record.id, room_for(record.progress.file_size, request.announced, record.file_size_max));
    co_return fail(committed.error());
  }
  if (announces) {
    core_.parts.announcer.announced();
  }
  const std::uint64_t size = size_bound(record);
  core_.parts.log.info(
      "upload created",
      {{"upload", record.id},
       record.progress.file_size ? LogField("file_size", size) : LogField("file_size_max", size)});
  if (former) {
    core_.uploads.forget(record.token);
  }
  co_return core_.uploads.add(std::move(record));
}

Task<Result<UploadRecord>> Intake::new_record(NewUpload& request) {
  const Result<std::uint64_t> id = co_await core_.parts.journal.next_upload_id();
  if (!id) {
    co_return fail(id.error());
  }
  const Timestamp now = core_.parts.clock.now();
  UploadRecord record;
  record.id = *id;
  record.token = random_token();
  const std::uint64_t limit =
      request.file_size_max.value_or(core_.settings->admission.file_size_max);
  if (!request.file_size) {
    request.file_size_max = std::min(limit, request.limits.bytes.value_or(limit));
  }
  record.progress.file_size = request.file_size;
  record.file_size_max = request.file_size.value_or(
      std::min(request.file_size_max.value_or(limit), request.announced.value_or(limit)));
  record.owner = request.owner;
  record.created_at = now;
  const Expiry& expiry = core_.settings->expiry;
  const Duration first = request.partials.empty() ? expiry.untouched : expiry.idle;
  record.progress.expires_at = now + std::min({first, expiry.idle, expiry.absolute});
  co_return record;
}

journal::UseSignature Intake::used(journal::UseSignature use) const {
  use.now =
      core_.parts.clock.may_delete() ? std::min(use.now, core_.parts.clock.now()) : Timestamp();
  return use;
}

Task<Result<std::shared_ptr<LiveUpload>>> Intake::take_file(NewUpload outline,
                                                            runtime::ByteSource& body,
                                                            FileIdentity& identity) {
  Result<UploadRecord> made = co_await new_record(outline);
  if (!made) {
    co_return fail(made.error());
  }
  UploadRecord& record = *made;
  if (const Result<> admitted = co_await core_.admission.admit(outline, record.id); !admitted) {
    co_return fail(admitted.error());
  }
  record.parameters = "{}";
  record.progress.expires_at =
      std::min(record.progress.expires_at, record.created_at + limits::unidentified_file_life);
  identity.numbered(record.id);
  const std::uint64_t room = room_for({}, outline.announced, record.file_size_max);
  const std::shared_ptr<LiveUpload> upload = core_.uploads.add(record, room);
  // From before the journal knows of it to its end: a file being written does not expire.
  const Claim claim(*upload, ByteRange());

  std::vector<journal::Change> changes;
  if (outline.use) {
    changes.emplace_back(used(*std::move(outline.use)));
  }
  changes.emplace_back(journal::CreateUpload{record, outline.limits});
  if (const Result<> created = co_await core_.parts.journal.commit(std::move(changes)); !created) {
    core_.uploads.forget(record.token);
    core_.admission.withdraw(record.id, room);
    co_return fail(created.error());
  }
  const Result<UploadRecord> file = co_await receive_file(*upload, body, identity);
  if (!file) {
    co_await discard_file(*upload, file.error());
    co_return fail(file.error());
  }
  upload->left_journal();
  core_.uploads.forget(record.token);
  std::shared_ptr<LiveUpload> received = core_.uploads.add(*file);
  core_.parts.log.info("file received", {{"upload", file->id}, {"file_size", size_bound(*file)}});
  core_.handover.submit(*file);
  co_return received;
}

Task<Result<UploadRecord>> Intake::receive_file(LiveUpload& upload, runtime::ByteSource& body,
                                                FileIdentity& identity) {
  Result<StoredFile> stored = co_await store_file(upload, body);
  if (!stored) {
    co_return fail(stored.error());
  }
  const std::uint64_t size = stored->size;
  Result<NewUpload> told = co_await identity.identify(size);
  if (!told) {
    co_return fail(told.error());
  }
  const std::uint64_t most = told->file_size_max.value_or(core_.settings->admission.file_size_max);
  if (size > most) {
    co_return fail(Errc::file_too_large,
                   fmt::format("File size limit is set to {} bytes, the file has {}", most, size));
  }
  UploadRecord record = upload.record();
  // Its versions go on: what another engine has read of the row that goes is no change of this one.
  const journal::RemoveUpload nameless{record.id, record.progress.version++};
  record.token = random_token();
  record.progress.file_size = record.file_size_max = size;
  record.file_name = std::move(told->file_name);
  record.content_type = std::move(told->content_type);
  record.parameters = std::move(told->parameters);
  record.origin = std::move(told->origin);
  record.owner = std::move(told->owner);
  record.dialect = std::move(told->dialect);
  RangeSet bytes;
  bytes.add({0, size});
  BytesStored event{std::move(bytes), record.progress.expires_at, true, core_.parts.clock.now()};
  Transition received = apply_to(record.progress, std::move(event));
  if (!received.deliver) {
    co_return fail(Errc::not_found, "the file took longer than one without a session may");
  }
  record.progress = std::move(received.progress);

  std::vector<journal::Change> changes =
      core_.parts.announcer.announcements(record, nullptr, record.progress);
  const bool announces = !changes.empty();
  if (told->use) {
    changes.emplace_back(used(*std::move(told->use)));
  }
  changes.emplace_back(nameless);
  changes.emplace_back(journal::CreateUpload{record, told->limits, std::move(stored->extents)});
  if (const Result<> committed = co_await core_.parts.journal.commit(std::move(changes));
      !committed) {
    co_return fail(committed.error());
  }
  if (announces) {
    core_.parts.announcer.announced();
  }
  co_return record;
}

Task<Result<Intake::StoredFile>> Intake::store_file(LiveUpload& upload, runtime::ByteSource& body) {
  const Piece piece = ContinuesAt();
  Append append(upload, core_.tools, piece, body);
  if (const Result<bool> stored = co_await append.run(); !stored) {
    co_return fail(stored.error());
  }
  // A request may announce far more than the file in it has.
  if (upload.size_bound() - append.position() > limits::unused_room_max) {
    const Result<> released =
        co_await core_.parts.store.release_room(upload.id(), append.position());
    if (!released) {
      co_return fail(released.error());
    }
  }
  co_return StoredFile{append.position(), append.take_extents()};
}

// A file that cannot be removed now is left to the reaper. So is every file of which it is unknown
// whether it is an upload by now: its hand-off needs the bytes.
Task<> Intake::discard_file(LiveUpload& upload, const Error& reason) {
  core_.parts.log.info("file without a session refused", {{"upload", upload.id()},
                                                          {"reason", info(reason.code()).name},
                                                          {"message", reason.message()}});
  const bool is_unknown = core_.parts.journal.is_shared() && reason.code() == Errc::storage_failed;
  if (is_unknown || !core_.parts.journal.healthy()) {
    co_return;
  }
  // Another engine may have forgotten the upload already: then the bytes that have come since are
  // removed by this engine, or by none.
  Result<> removed = co_await core_.parts.store.remove(upload.id());
  if (removed) {
    const bool may_come_late = core_.parts.store.late_bytes_max() > Duration::zero();
    removed = may_come_late ? co_await end_nameless(upload) : co_await forget_nameless(upload);
  }
  if (!removed) {
    core_.parts.log.warn("a refused file stays for the reaper",
                         {{"upload", upload.id()}, {"reason", removed.error().message()}});
  }
}

Task<Result<>> Intake::forget_nameless(LiveUpload& upload) {
  std::vector<journal::Change> changes;
  changes.emplace_back(journal::RemoveUpload{upload.id()});
  if (Result<> removed = co_await core_.parts.journal.commit(std::move(changes)); !removed) {
    co_return removed;
  }
  upload.left_journal();
  core_.uploads.forget(upload.token());
  co_return Result<>();
}

// The reaper forgets it when no byte can come any more.
Task<Result<>> Intake::end_nameless(LiveUpload& upload) {
  Aborted aborted{core_.parts.clock.now()};
  const Result<Transition> ended = co_await upload.commit(std::move(aborted));
  if (!ended) {
    co_return fail(ended.error());
  }
  BlobRemoved event;
  const Result<Transition> noted = co_await upload.commit(event);
  co_return noted ? Result<>() : fail(noted.error());
}

}  // namespace sluice::upload
