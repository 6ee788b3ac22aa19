// SPDX-License-Identifier: MIT
// The invariants of a simulated server.
#include <fmt/format.h>

#include <utility>

#include "simulation/world.h"

namespace sluice::simulation {

using model::UploadRecord;
using model::UploadState;

namespace {

bool has_source(const std::optional<std::string>& bytes, const std::string& source,
                ByteRange range) {
  return bytes && bytes->size() >= range.end &&
         bytes->compare(range.begin, range.size(), source, range.begin, range.size()) == 0;
}

}  // namespace

void World::violate(const std::string& what) {
  if (!violation_) {
    violation_ = what;
  }
}

void World::withhold_last_byte(Expectation& upload) {
  const std::uint64_t size = upload.source.size();
  const std::uint64_t withheld = size - std::min<std::uint64_t>(size, 1);
  upload.acknowledged = std::min(upload.acknowledged, withheld);
  upload.kept = std::min(upload.kept, withheld);
}

void World::hear(Expectation& upload, const upload::Snapshot& snapshot) {
  // Chunks of a form have opened it anew behind an abort, under the same token.
  if (const auto anew = uploads_.find(snapshot.id); snapshot.id > upload.id && upload.may_be_gone &&
                                                    anew != uploads_.end() &&
                                                    anew->second.token == upload.token) {
    hear(anew->second, snapshot);
    return;
  }
  const std::uint64_t size = upload.source.size();
  if (snapshot.id != upload.id || snapshot.token != upload.token ||
      snapshot.file_size.value_or(size) != size || (upload.is_sized && !snapshot.file_size)) {
    violate(fmt::format("upload {} was told of another upload", upload.id));
  }
  if (upload.must_be_gone) {
    violate(fmt::format("upload {} is back after its abort", upload.id));
  }
  if (may_have_lost_bytes()) {
    upload.acknowledged = std::min(upload.acknowledged, snapshot.acknowledged);
  }
  if (snapshot.file_size && !std::exchange(upload.is_sized, true)) {
    withhold_last_byte(upload);
  }
  if (may_be_answered_anew(upload)) {
    upload.answer.reset();
    withhold_last_byte(upload);
  }
  if (snapshot.acknowledged < std::max(upload.acknowledged, upload.kept)) {
    violate(fmt::format("upload {}: {} bytes were acknowledged, now {}", upload.id,
                        upload.acknowledged, snapshot.acknowledged));
  }
  const auto record = journal_.durable_uploads().find(upload.id);
  const bool is_known = record != journal_.durable_uploads().end();
  const std::uint64_t stored = is_known ? record->second.progress.stored.prefix() : 0;
  if (is_known && snapshot.acknowledged > stored) {
    violate(fmt::format("upload {}: {} bytes are acknowledged, {} are stored", upload.id,
                        snapshot.acknowledged, stored));
  }
  if (!snapshot.answer && snapshot.file_size && size > 0 && snapshot.acknowledged >= size) {
    violate(fmt::format("upload {}: the last byte is acknowledged without an answer", upload.id));
  }
  const bool must_say_why =
      snapshot.state == UploadState::failed || snapshot.state == UploadState::set_aside;
  const bool may_say_why = must_say_why || snapshot.state == UploadState::delivering;
  if (snapshot.failure.empty() ? must_say_why : !may_say_why) {
    violate(fmt::format("upload {} is {} because of \"{}\"", upload.id, to_text(snapshot.state),
                        snapshot.failure));
  }
  if (upload.answer && snapshot.answer != upload.answer) {
    violate(fmt::format("upload {}: the answer has changed", upload.id));
  }
  if (snapshot.answer) {
    const std::string own = fmt::format("upload {}, {} bytes", upload.id, size);
    const int status = upload.refused_by_backend ? 422 : 200;
    if (snapshot.answer->body.find(own) == std::string::npos ||
        (snapshot.answer->status != status && !upload.put_back)) {
      violate(fmt::format("upload {} got another upload's answer", upload.id));
    }
    upload.answer = snapshot.answer;
  }
  upload.acknowledged = std::max(upload.acknowledged, snapshot.acknowledged);
}

void World::hear_error(const Expectation& upload, const Error& error, const char* request) {
  switch (error.code()) {
    case Errc::not_found:
      if (!upload.may_be_gone) {
        violate(fmt::format("upload {}: {}: not found: {}", upload.id, request, error.message()));
      }
      return;
    case Errc::closed_by_peer:
    case Errc::taken_over:
    case Errc::delivery_pending:
      return;
    case Errc::storage_failed:
    case Errc::file_missing:
    case Errc::disk_full:
    case Errc::overloaded:
      if (has_faults_) {
        return;
      }
      break;
    case Errc::content_mismatch:
    case Errc::record_damaged:
      // The request was compared with bytes, or its row was in a log, that were lost on their way
      // to the disk. The journal stops when the next sync tells it.
      if (has_faults_ && durability_ == Durability::interval) {
        return;
      }
      break;
    default:
      break;
  }
  violate(fmt::format("upload {}: {}: {}: {}", upload.id, request, info(error.code()).name,
                      error.message()));
}

// The operator has put the refused upload back, and its next answer may differ.
bool World::may_be_answered_anew(const Expectation& upload) {
  return upload.put_back && (!upload.answer || upload.answer->status == 422);
}

// A broken connection loses no byte that had arrived.
void World::check_kept(const Expectation& upload, ByteRange arrived, Errc code) {
  const auto record = journal_.durable_uploads().find(upload.id);
  const bool was_cut = code == Errc::closed_by_peer || code == Errc::taken_over;
  if (!was_cut || has_faults_ || record == journal_.durable_uploads().end() ||
      upload::is_gone(record->second.progress.state)) {
    return;
  }
  if (!arrived.empty() && !record->second.progress.stored.contains(arrived)) {
    violate(fmt::format("upload {}: bytes {}-{} had arrived and were not kept", upload.id,
                        arrived.begin, arrived.end));
  }
}

// Chunks of a form have opened it anew, which only the next process may know.
bool World::has_successor(const Expectation& upload) const {
  return upload.form && upload.form->is_of_resumable() &&
         std::ranges::any_of(journal_.durable_uploads(),
                             [&](const auto& known) { return known.second.token == upload.token; });
}

void World::check() {
  if (journal_.violation()) {
    violate(*journal_.violation());
  }
  // After a failed commit only the next process knows which records are there.
  if (journal_.healthy()) {
    recognise_all();
  }
  for (const auto& [id, upload] : uploads_) {
    const auto record = journal_.durable_uploads().find(id);
    if (record != journal_.durable_uploads().end()) {
      check_record(upload, record->second);
    } else if (!upload.may_be_gone && (journal_.healthy() || !has_successor(upload))) {
      violate(fmt::format("upload {} is gone from the journal", id));
    }
    if (upload.answer && upload.answer->status == 200) {
      check_video(upload);
    }
  }
  for (const std::string& path : disk_.visible_files()) {
    const bool has_record = std::ranges::any_of(journal_.durable_uploads(), [&](const auto& known) {
      return path == blob_path(known.first) || path == path_of(video_name(known.first));
    });
    if (!has_record && path.ends_with(".part")) {
      violate(path + " belongs to no upload");
    }
  }
}

void World::check_record(const Expectation& upload, const UploadRecord& record) {
  const model::UploadProgress progress = record.progress;
  if (upload::is_gone(progress.state)) {
    if (!upload.may_be_gone || (upload.answer && upload.answer->status != 422)) {
      violate(fmt::format("upload {} is {} and nobody wanted that", upload.id,
                          to_text(progress.state)));
    }
    return;
  }
  if (upload.must_be_gone) {
    violate(fmt::format("the abort of upload {} was forgotten", upload.id));
  }
  if (may_have_lost_bytes()) {
    check_kept_bytes(upload, progress);
  } else {
    check_acknowledged(upload, progress);
  }
  if (upload.answer && progress.answer != upload.answer && !may_be_answered_anew(upload)) {
    violate(fmt::format("upload {}: the answer that was given is not in the journal", upload.id));
  }
  check_stored(upload, record);
}

bool World::may_have_lost_bytes() const {
  return durability_ == Durability::interval && has_faults_;
}

void World::check_kept_bytes(const Expectation& upload, const model::UploadProgress& progress) {
  bool is_kept = progress.stored.prefix() >= upload.kept;
  for (const ByteRange& part : upload.kept_parts.ranges()) {
    is_kept = is_kept && progress.stored.contains(part);
  }
  if (!is_kept) {
    violate(fmt::format("upload {}: {} and {} were synced, the journal has {}", upload.id,
                        upload.kept, upload.kept_parts.to_text(), progress.stored.to_text()));
  }
}

void World::forget_acknowledged() {
  for (auto& [id, upload] : uploads_) {
    const auto record = journal_.durable_uploads().find(id);
    if (record == journal_.durable_uploads().end() ||
        upload::is_gone(record->second.progress.state)) {
      continue;
    }
    const model::UploadProgress progress = record->second.progress;
    const RangeSet& stored = progress.stored;
    check_kept_bytes(upload, progress);
    const std::uint64_t left = std::min(upload.acknowledged, stored.prefix());
    tally_.bytes_taken_back += upload.acknowledged - left;
    upload.acknowledged = left;
    const RangeSet parts = std::exchange(upload.acknowledged_parts, {});
    for (const ByteRange& part : parts.ranges()) {
      upload.acknowledged_parts.add(part);
      for (const ByteRange& lost : stored.missing(part)) {
        upload.acknowledged_parts.remove(lost);
      }
    }
  }
}

void World::check_acknowledged(const Expectation& upload, const model::UploadProgress& progress) {
  if (progress.stored.prefix() < upload.acknowledged) {
    violate(fmt::format("upload {}: {} bytes were acknowledged, the journal has {}", upload.id,
                        upload.acknowledged, progress.stored.prefix()));
  }
  for (const ByteRange& part : upload.acknowledged_parts.ranges()) {
    if (!progress.stored.contains(part)) {
      violate(fmt::format("upload {}: part {}-{} was acknowledged, the journal has {}", upload.id,
                          part.begin, part.end, progress.stored.to_text()));
    }
  }
}

void World::check_video(const Expectation& upload) {
  for (const store::NamedRange& file : video_files(upload)) {
    const bool is_synced = durability_ != Durability::none;
    const std::string path = path_of(file.name);
    const auto bytes = is_synced ? disk_.durable_bytes(path) : disk_.visible_bytes(path);
    if (bytes != upload.source.substr(file.range.begin, file.range.size())) {
      violate(fmt::format("{} is not the file that was sent", file.name));
    }
  }
}

void World::check_stored(const Expectation& upload, const UploadRecord& record) {
  if (record.progress.state == UploadState::refused && !record.progress.blob_present) {
    violate(
        fmt::format("upload {} was refused and has no file to be handed over again", upload.id));
  }
  // The bytes on the platter: those that a power cut now would leave.
  const model::UploadProgress progress = record.progress;
  RangeSet synced = progress.stored;
  for (const ByteRange& range : progress.unsynced.ranges()) {
    synced.remove(range);
  }
  if (durability_ != Durability::none) {
    check_bytes(upload, record, synced, true);
  }
  // A failed write may stay unreported until the sync.
  check_bytes(upload, record, may_have_lost_bytes() ? synced : progress.stored, false);
}

void World::check_bytes(const Expectation& upload, const UploadRecord& record,
                        const RangeSet& wanted, bool durable) {
  const bool may_have_moved = record.progress.state != UploadState::receiving;
  for (const store::NamedRange& file : video_files(upload)) {
    const std::string source = upload.source.substr(file.range.begin, file.range.size());
    for (const ByteRange& stored : wanted.ranges()) {
      const ByteRange range{std::max(stored.begin, file.range.begin),
                            std::min(stored.end, file.range.end)};
      if (range.empty()) {
        continue;
      }
      const ByteRange in_file{range.begin - file.range.begin, range.end - file.range.begin};
      const auto bytes_of = [&](const std::string& path) {
        return durable ? disk_.durable_bytes(path) : disk_.visible_bytes(path);
      };
      const bool is_there =
          has_source(bytes_of(blob_path(upload.id)), upload.source, range) ||
          (may_have_moved && has_source(bytes_of(path_of(file.name)), source, in_file));
      if (!is_there) {
        violate(fmt::format("upload {}: the journal has bytes {}-{}, the {} has not", upload.id,
                            range.begin, range.end, durable ? "platter" : "disk"));
      }
    }
  }
}

void World::check_nothing_is_left() {
  if (!journal_.durable_uploads().empty()) {
    violate(fmt::format("upload {} is never forgotten", journal_.durable_uploads().begin()->first));
  }
  for (const auto& [id, upload] : uploads_) {
    if (upload.videos_made > 0) {
      check_video(upload);
    }
  }
  for (const std::string& path : disk_.visible_files()) {
    if (path.starts_with(journal_directory())) {
      continue;
    }
    const bool is_video = std::ranges::any_of(uploads_, [&](const auto& known) {
      return !known.second.refused_by_backend &&
             std::ranges::any_of(video_files(known.second), [&](const store::NamedRange& file) {
               return path == path_of(file.name);
             });
    });
    if (!is_video) {
      violate(path + " is left behind");
    }
  }
}

}  // namespace sluice::simulation
