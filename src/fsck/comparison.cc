// SPDX-License-Identifier: MIT
#include "fsck/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "base/encoding.h"
#include "base/limits.h"
#include "delivery/backend.h"
#include "library/document.h"
#include "library/stored_names.h"

namespace sluice::fsck {
namespace {

using model::UploadRecord;
using model::UploadState;
using model::VideoRecord;

constexpr std::string_view tombstone = "deleted";

bool is_hex(std::string_view text) noexcept {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// The file of a refused or failed upload, or of one that is set aside, is kept for another
// hand-off.
bool needs_file(const UploadRecord& record) noexcept {
  const UploadState state = record.progress.state;
  return state == UploadState::received || state == UploadState::delivering ||
         state == UploadState::failed || state == UploadState::set_aside ||
         (state == UploadState::refused && record.progress.blob_present);
}

std::uint64_t stored_end(const UploadRecord& record) noexcept {
  const std::vector<ByteRange>& ranges = record.progress.stored.ranges();
  return ranges.empty() ? 0 : ranges.back().end;
}

bool is_extra_file(std::string_view name, const VideoRecord& record) {
  const auto extra_files = library::stored_extra_files_of(record.document);
  return extra_files && std::ranges::any_of(*extra_files, [&](const auto& extra) {
           return name == record.id + extra.suffix;
         });
}

// A hand-off takes the extra files off the blob's end, one after the other.
bool is_split(const UploadRecord& record, std::uint64_t blob_size) {
  if (!record.layout || record.progress.state == UploadState::receiving) {
    return false;
  }
  return blob_size == record.layout->main_size ||
         std::ranges::any_of(record.layout->extra_files, [&](const model::ExtraFile& extra) {
           return blob_size == extra.range.begin;
         });
}

}  // namespace

bool needs_bytes(const UploadRecord& record) noexcept {
  return record.progress.state == UploadState::receiving || needs_file(record);
}

// The answer of a refused upload is final: nothing more of it can come, as it can of the others.
Remedy remedy_of_loss(const UploadRecord& record) noexcept {
  return record.progress.state == UploadState::refused ? Remedy::forget_blob : Remedy::cut_stored;
}

std::optional<Finding> judge_upload(const UploadRecord& record,
                                    std::optional<std::uint64_t> blob_size,
                                    HandedOver handed_over) {
  if (!needs_bytes(record)) {
    return std::nullopt;
  }
  if (needs_file(record) &&
      (handed_over == HandedOver::record || (handed_over == HandedOver::file && !blob_size))) {
    return std::nullopt;
  }
  const std::uint64_t end = stored_end(record);
  const Remedy remedy = remedy_of_loss(record);
  if (!blob_size) {
    if (end == 0) {
      return std::nullopt;
    }
    return Finding{fmt::format("{} is missing, the journal has bytes of upload {} up to {}",
                               blob_path(record.id), record.id, end),
                   remedy};
  }
  if (*blob_size < end && !is_split(record, *blob_size)) {
    return Finding{fmt::format("{} ends at byte {}, the journal has bytes of upload {} up to {}",
                               blob_path(record.id), *blob_size, record.id, end),
                   remedy};
  }
  if (*blob_size > size_bound(record)) {
    return Finding{fmt::format("{} has {} bytes, the file of upload {} only {}: cut it by hand",
                               blob_path(record.id), *blob_size, record.id, size_bound(record))};
  }
  return std::nullopt;
}

std::optional<Finding> judge_blob(std::uint64_t upload_id, const UploadRecord* record) {
  if (record == nullptr) {
    return Finding{fmt::format("{} belongs to no upload", blob_path(upload_id)),
                   Remedy::move_aside};
  }
  const UploadState state = record->progress.state;
  if (needs_bytes(*record)) {
    return std::nullopt;
  }
  if (!record->progress.blob_present) {
    return Finding{
        fmt::format("{} is there, the journal says that it was removed", blob_path(upload_id)),
        Remedy::move_aside};
  }
  return Finding{fmt::format("{} is left over from upload {}, which is {}: the server removes it",
                             blob_path(upload_id), upload_id, model::to_text(state)),
                 Remedy::none, true};
}

std::optional<Finding> judge_answer(const UploadRecord& record, std::optional<std::uint64_t> size) {
  const std::uint64_t expected = record.progress.answer ? record.progress.answer->spilled_bytes : 0;
  if (expected == 0 || size == expected) {
    return std::nullopt;
  }
  if (!size) {
    return Finding{fmt::format("answers/{} is missing: the answer to upload {} has no body",
                               record.id, record.id)};
  }
  return Finding{fmt::format("answers/{} has {} bytes, the answer to upload {} {}", record.id,
                             *size, record.id, expected)};
}

std::optional<Finding> judge_answer_file(std::uint64_t upload_id, const UploadRecord* record) {
  if (record == nullptr) {
    return Finding{fmt::format("answers/{} belongs to no upload", upload_id), Remedy::move_aside};
  }
  if (record->progress.answer && record->progress.answer->spilled_bytes > 0) {
    return std::nullopt;  // judge_answer() has told.
  }
  return Finding{fmt::format("answers/{} comes from an interrupted hand-off of upload {}: the "
                             "server removes it",
                             upload_id, upload_id),
                 Remedy::none, true};
}

std::optional<Finding> judge_video(const VideoRecord& record, std::optional<std::uint64_t> size) {
  if (!record.source_present || record.status == tombstone) {
    return std::nullopt;
  }
  const std::optional<std::string> name = video_file_name(record);
  const Result<std::uint64_t> expected = library::stored_size_of(record.document);
  if (!name || !expected) {
    return Finding{
        fmt::format("the document of video {} does not describe its file", in_quotes(record.id))};
  }
  if (!size) {
    return Finding{fmt::format("videos/{} is missing", *name), Remedy::forget_file};
  }
  if (*size != *expected) {
    return Finding{fmt::format("videos/{} has {} bytes, its video {}", *name, *size, *expected),
                   Remedy::forget_file};
  }
  return std::nullopt;
}

std::optional<Finding> judge_video_file(std::string_view name, const VideoRecord& record) {
  const std::optional<std::string> expected = video_file_name(record);
  if (!expected) {
    return std::nullopt;  // judge_video() has told.
  }
  if (name != *expected && !is_extra_file(name, record)) {
    return judge_foreign("videos/" + std::string(name));
  }
  if (!record.source_present) {
    return Finding{fmt::format("videos/{} is there, the journal says that it was removed", name),
                   Remedy::move_aside};
  }
  if (record.status == tombstone) {
    return Finding{
        fmt::format("videos/{} is left over from a deleted video: the server removes it", name),
        Remedy::none, true};
  }
  return std::nullopt;
}

Finding judge_unrecorded_video(std::string_view name, std::uint64_t size,
                               const UploadRecord* upload) {
  if (upload == nullptr) {
    return Finding{fmt::format("{} belongs to no video", in_quotes("videos/" + std::string(name))),
                   Remedy::move_aside};
  }
  for (const HandoffFile& file : handoff_files(*upload)) {
    if (name == file.name && size != file.size) {
      return Finding{
          fmt::format("videos/{} has {} bytes, upload {}, which was being handed over, {}", name,
                      size, upload->id, file.size),
          Remedy::move_aside};
    }
  }
  return Finding{
      fmt::format("videos/{} comes from the interrupted hand-off of upload {}: the server ends it",
                  name, upload->id),
      Remedy::none, true};
}

Finding judge_foreign(std::string_view path) {
  return Finding{fmt::format("{} is nothing of Sluice", in_quotes(path)), Remedy::move_aside};
}

model::UploadProgress cut(model::UploadProgress progress, const RangeSet& lost,
                          Timestamp expires_at) {
  for (const ByteRange range : lost.ranges()) {
    progress.stored.remove(range);
    progress.unsynced.remove(range);
  }
  progress.state = UploadState::receiving;
  progress.expires_at = std::max(progress.expires_at, expires_at);
  progress.attempts = 0;
  progress.next_attempt_at = {};
  progress.handoff_since = {};
  progress.failure.clear();
  return progress;
}

RangeSet bytes_behind(std::uint64_t end) {
  RangeSet bytes;
  bytes.add({end, std::numeric_limits<std::uint64_t>::max()});
  return bytes;
}

std::string shard_name(std::uint64_t upload_id) {
  return fmt::format("{:02x}", upload_id & 0xFFU);
}

std::string blob_path(std::uint64_t upload_id) {
  return fmt::format("uploads/{}/{}.part", shard_name(upload_id), upload_id);
}

std::optional<std::uint64_t> upload_id_of(std::string_view shard, std::string_view name) {
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
  if (error != std::errc() || id == 0 || id > limits::upload_id_max || shard != shard_name(id) ||
      name != fmt::format("{}.part", id)) {
    return std::nullopt;
  }
  return id;
}

std::optional<std::uint64_t> answer_id_of(std::string_view name) {
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
  if (error != std::errc() || id == 0 || id > limits::upload_id_max || name != std::to_string(id)) {
    return std::nullopt;
  }
  return id;
}

bool is_shard_name(std::string_view name) noexcept {
  return name.size() == 2 && is_hex(name);
}

std::optional<std::string> video_file_name(const VideoRecord& record) {
  const Result<std::string> extension = library::stored_extension_of(record.document);
  if (!extension || !library::is_record_id(record.id)) {
    return std::nullopt;
  }
  return record.id + *extension;
}

std::optional<std::string> video_id_of(std::string_view file_name) {
  const std::string_view id = file_name.substr(0, file_name.find_first_of(".-"));
  if (!library::is_record_id(id)) {
    return std::nullopt;
  }
  return std::string(id);
}

std::string handoff_video_id(const UploadRecord& upload) {
  return library::record_id(delivery::handoff_of(upload).idempotency_key);
}

std::vector<HandoffFile> handoff_files(const UploadRecord& upload) {
  const delivery::Handoff handoff = delivery::handoff_of(upload);
  const std::string id = library::record_id(handoff.idempotency_key);
  std::vector<HandoffFile> files;
  files.push_back({id + library::stored_extension(handoff.file_name), handoff.file_size});
  for (const model::ExtraFile& extra : handoff.extra_files) {
    const std::string suffix = library::extra_file_suffix(files.size() - 1, extra.file_name);
    files.push_back({id + suffix, extra.range.size()});
  }
  return files;
}

std::vector<HandoffFile> extra_files_of(const VideoRecord& record) {
  std::vector<HandoffFile> files;
  const auto stored = library::stored_extra_files_of(record.document);
  if (stored && record.source_present && record.status != tombstone && video_file_name(record)) {
    for (const library::StoredExtraFile& extra : *stored) {
      files.push_back({record.id + extra.suffix, extra.size});
    }
  }
  return files;
}

std::optional<Finding> judge_extra_file(const HandoffFile& file,
                                        std::optional<std::uint64_t> size) {
  if (!size) {
    return Finding{fmt::format("videos/{} is missing, an extra file of its video", file.name)};
  }
  if (*size != file.size) {
    return Finding{fmt::format("videos/{} has {} bytes, as an extra file of its video {}",
                               file.name, *size, file.size)};
  }
  return std::nullopt;
}

// "lost+found" alone is the file system's, where the data directory is the root of one.
bool is_known_name(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 15> names{"lock",
                                                   "journal.sqlite",
                                                   "journal.sqlite-wal",
                                                   "journal.sqlite-shm",
                                                   "uploads",
                                                   "videos",
                                                   "answers",
                                                   "objects",
                                                   "secret",
                                                   "secret.new",
                                                   "location",
                                                   "location.new",
                                                   "control.sock",
                                                   "backup",
                                                   "lost+found"};
  return std::ranges::find(names, name) != names.end() || name.starts_with("lost+found-");
}

}  // namespace sluice::fsck
