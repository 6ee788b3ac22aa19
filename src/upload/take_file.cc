// SPDX-License-Identifier: MIT
// Files that come without a session: whose they are, how large and what, is known at their end.
//
// The journal knows the upload before the store does, as it does of every other; it has no name
// then, and as its size the most that can come, so that a crash leaves something for the reaper and
// the promised room is right. One commit makes it the complete upload of its owner.
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "upload/upload_engine.h"

namespace sluice::upload {

using journal::UploadRecord;
using runtime::Task;

Task<Result<Snapshot>> UploadEngine::take_file(NewUpload outline, runtime::ByteSource& body,
                                               FileIdentity& identity) {
  UploadRecord record = new_record(outline.file_size, std::move(outline.owner));
  if (const Result<> admitted = co_await admission_.admit(outline, record.id); !admitted) {
    co_return fail(admitted.error());
  }
  record.parameters = "{}";
  record.progress.expires_at =
      std::min(record.progress.expires_at, record.created_at + limits::unidentified_file_life);
  identity.numbered(record.id);
  const std::shared_ptr<LiveUpload> upload = uploads_.add(record);
  // From before the journal knows of it to its end: what is being written does not expire.
  Claim claim(*upload, {0, record.file_size}, body);

  std::vector<journal::Change> changes;
  if (outline.use) {
    changes.emplace_back(used(*std::move(outline.use)));
  }
  changes.emplace_back(journal::CreateUpload{record, outline.limits});
  if (const Result<> created = co_await parts_.journal.commit(std::move(changes)); !created) {
    uploads_.forget(record.token);
    admission_.withdraw(record);
    co_return fail(created.error());
  }
  const Result<UploadRecord> file = co_await receive_file(*upload, body, identity);
  claim.source_ended();
  if (!file) {
    co_await discard_file(*upload, file.error());
    co_return fail(file.error());
  }
  admission_.fulfilled(record.id, record.file_size);
  admission_.ended(record);
  const std::shared_ptr<LiveUpload> received = uploads_.replace(*file);
  parts_.log.info("file received", {{"upload", file->id}, {"file_size", file->file_size}});
  handover_.submit(*file);
  co_return snapshot_of(*received);
}

Task<Result<UploadRecord>> UploadEngine::receive_file(LiveUpload& upload, runtime::ByteSource& body,
                                                      FileIdentity& identity) {
  const Result<std::uint64_t> size = co_await store_file(upload, body);
  if (!size) {
    co_return fail(size.error());
  }
  Result<NewUpload> told = co_await identity.identify(*size);
  if (!told) {
    co_return fail(told.error());
  }
  const std::uint64_t most = told->file_size_max.value_or(settings_.admission.file_size_max);
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
  BytesStored event{std::move(bytes), record.progress.expires_at, true, parts_.clock.now()};
  record.progress = apply(record.progress, *size, std::move(event)).progress;

  std::vector<journal::Change> changes =
      parts_.announcer.announcements(record, nullptr, record.progress);
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
  if (const Result<> committed = co_await parts_.journal.commit(std::move(changes)); !committed) {
    co_return fail(committed.error());
  }
  if (announces) {
    parts_.announcer.announced();
  }
  co_return record;
}

Task<Result<std::uint64_t>> UploadEngine::store_file(LiveUpload& upload,
                                                     runtime::ByteSource& body) {
  Piece piece;
  piece.size_unknown = true;
  Append append(upload, synced_tools_, piece, body);
  const Result<std::uint64_t> size = co_await append.run_to_end();
  // A request may announce far more than the file in it has.
  if (size && upload.file_size() - *size > limits::unused_room_max) {
    const Result<> shortened = co_await parts_.store.split(upload.id(), *size, {});
    if (!shortened) {
      co_return fail(shortened.error());
    }
  }
  co_return size;
}

// What cannot be removed now is the reaper's. So is everything when the journal does not know
// itself whether the file is an upload by now: its hand-off needs the bytes.
Task<> UploadEngine::discard_file(LiveUpload& upload, const Error& reason) {
  parts_.log.info("file without a session refused", {{"upload", upload.id()},
                                                     {"reason", info(reason.code()).name},
                                                     {"message", reason.message()}});
  if (!parts_.journal.healthy()) {
    co_return;
  }
  Result<> removed = co_await parts_.store.remove(upload.id());
  if (removed) {
    std::vector<journal::Change> changes;
    changes.emplace_back(journal::RemoveUpload{upload.id()});
    removed = co_await parts_.journal.commit(std::move(changes));
  }
  if (!removed) {
    parts_.log.warn("a refused file stays for the reaper",
                    {{"upload", upload.id()}, {"reason", removed.error().message()}});
    co_return;
  }
  const UploadRecord record = upload.record();
  admission_.fulfilled(record.id, record.file_size);
  admission_.ended(record);
  uploads_.forget(record.token);
}

}  // namespace sluice::upload
