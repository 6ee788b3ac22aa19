// SPDX-License-Identifier: MIT
// The journal knows an upload before the store does. A file without a session has no name in it at
// first, and as its size the most that can come, so that a crash leaves something for the reaper
// and the promised room is right. One commit makes it the complete upload of its owner.
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
  if (request.token.empty()) {
    co_return co_await create_named(std::move(request), std::nullopt);
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
  auto created = co_await create_named(std::move(request), removal);
  // The journal says so of a token that it has.
  if (!created && created.error().code() == Errc::internal) {
    co_return fail(Errc::conflict, "another request has opened this upload");
  }
  co_return created;
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

Task<Result<std::shared_ptr<LiveUpload>>> Intake::create_named(
    NewUpload request, std::optional<journal::RemoveUpload> former) {
  Result<UploadRecord> made = co_await new_record(request.file_size, std::move(request.owner));
  if (!made) {
    co_return fail(made.error());
  }
  UploadRecord& record = *made;
  if (const Result<> admitted = co_await core_.admission.admit(request, record.id); !admitted) {
    co_return fail(admitted.error());
  }
  if (!request.token.empty()) {
    record.token = std::move(request.token);
  }
  record.file_name = std::move(request.file_name);
  record.content_type = std::move(request.content_type);
  record.parameters = std::move(request.parameters);
  record.origin = std::move(request.origin);
  record.layout = std::move(request.layout);
  record.dialect = std::move(request.dialect);
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
    core_.admission.withdraw(record);
    co_return fail(committed.error());
  }
  if (announces) {
    core_.parts.announcer.announced();
  }
  core_.parts.log.info("upload created", {{"upload", record.id}, {"file_size", record.file_size}});
  co_return former ? core_.uploads.replace(std::move(record))
                   : core_.uploads.add(std::move(record));
}

Task<Result<UploadRecord>> Intake::new_record(std::uint64_t file_size, std::string owner) {
  const Result<std::uint64_t> id = co_await core_.parts.journal.next_upload_id();
  if (!id) {
    co_return fail(id.error());
  }
  const Timestamp now = core_.parts.clock.now();
  UploadRecord record;
  record.id = *id;
  record.token = random_token();
  record.file_size = file_size;
  record.owner = std::move(owner);
  record.created_at = now;
  const Expiry& expiry = core_.settings.expiry;
  record.progress.expires_at = now + std::min({expiry.untouched, expiry.idle, expiry.absolute});
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
  Result<UploadRecord> made = co_await new_record(outline.file_size, std::move(outline.owner));
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
  const std::shared_ptr<LiveUpload> upload = core_.uploads.add(record);
  // From before the journal knows of it to its end: a file being written does not expire.
  Claim claim(*upload, {0, record.file_size}, body);

  std::vector<journal::Change> changes;
  if (outline.use) {
    changes.emplace_back(used(*std::move(outline.use)));
  }
  changes.emplace_back(journal::CreateUpload{record, outline.limits});
  if (const Result<> created = co_await core_.parts.journal.commit(std::move(changes)); !created) {
    core_.uploads.forget(record.token);
    core_.admission.withdraw(record);
    co_return fail(created.error());
  }
  const Result<UploadRecord> file = co_await receive_file(*upload, body, identity);
  claim.source_ended();
  if (!file) {
    co_await discard_file(*upload, file.error());
    co_return fail(file.error());
  }
  core_.admission.fulfilled(record.id, record.file_size);
  core_.admission.ended(record);
  std::shared_ptr<LiveUpload> received = core_.uploads.replace(*file);
  core_.parts.log.info("file received", {{"upload", file->id}, {"file_size", file->file_size}});
  core_.handover.submit(*file);
  co_return received;
}

Task<Result<UploadRecord>> Intake::receive_file(LiveUpload& upload, runtime::ByteSource& body,
                                                FileIdentity& identity) {
  const Result<std::uint64_t> size = co_await store_file(upload, body);
  if (!size) {
    co_return fail(size.error());
  }
  Result<NewUpload> told = co_await identity.identify(*size);
  if (!told) {
    co_return fail(told.error());
  }
  const std::uint64_t most = told->file_size_max.value_or(core_.settings.admission.file_size_max);
  if (*size > most) {
    co_return fail(Errc::file_too_large,
                   fmt::format("File size limit is set to {} bytes, the file has {}", most, *size));
  }
  UploadRecord record = upload.record();
  record.file_size = *size;
  record.file_name = std::move(told->file_name);
  record.content_type = std::move(told->content_type);
  record.parameters = std::move(told->parameters);
  record.origin = std::move(told->origin);
  record.owner = std::move(told->owner);
  RangeSet bytes;
  bytes.add({0, *size});
  BytesStored event{std::move(bytes), record.progress.expires_at, true, core_.parts.clock.now()};
  record.progress = apply(record.progress, *size, std::move(event)).progress;

  std::vector<journal::Change> changes =
      core_.parts.announcer.announcements(record, nullptr, record.progress);
  const bool announces = !changes.empty();
  if (told->use) {
    changes.emplace_back(used(*std::move(told->use)));
  }
  changes.emplace_back(journal::IdentifyUpload{.id = record.id,
                                               .file_size = record.file_size,
                                               .file_name = record.file_name,
                                               .content_type = record.content_type,
                                               .parameters = record.parameters,
                                               .origin = record.origin,
                                               .owner = record.owner,
                                               .limits = told->limits});
  changes.emplace_back(journal::UpdateUpload{record.id, record.progress});
  if (const Result<> committed = co_await core_.parts.journal.commit(std::move(changes));
      !committed) {
    co_return fail(committed.error());
  }
  ++record.progress.version;
  if (announces) {
    core_.parts.announcer.announced();
  }
  co_return record;
}

Task<Result<std::uint64_t>> Intake::store_file(LiveUpload& upload, runtime::ByteSource& body) {
  const Piece piece = UpToEnd();
  Append append(upload, core_.synced_tools, piece, body);
  const Result<std::uint64_t> size = co_await append.run_to_end();
  // A request may announce far more than the file in it has.
  if (size && upload.file_size() - *size > limits::unused_room_max) {
    const Result<> released = co_await core_.parts.store.release_room(upload.id(), *size);
    if (!released) {
      co_return fail(released.error());
    }
  }
  co_return size;
}

// A file that cannot be removed now is left to the reaper. So is every file when the journal does
// not know whether the file is an upload by now: its hand-off needs the bytes.
Task<> Intake::discard_file(LiveUpload& upload, const Error& reason) {
  core_.parts.log.info("file without a session refused", {{"upload", upload.id()},
                                                          {"reason", info(reason.code()).name},
                                                          {"message", reason.message()}});
  if (!core_.parts.journal.healthy()) {
    co_return;
  }
  Result<> removed = co_await core_.parts.store.remove(upload.id());
  if (removed) {
    std::vector<journal::Change> changes;
    changes.emplace_back(journal::RemoveUpload{upload.id()});
    removed = co_await core_.parts.journal.commit(std::move(changes));
  }
  if (!removed) {
    core_.parts.log.warn("a refused file stays for the reaper",
                         {{"upload", upload.id()}, {"reason", removed.error().message()}});
    co_return;
  }
  const UploadRecord record = upload.record();
  core_.admission.fulfilled(record.id, record.file_size);
  core_.admission.ended(record);
  core_.uploads.forget(record.token);
}

}  // namespace sluice::upload
