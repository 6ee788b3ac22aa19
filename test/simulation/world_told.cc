// SPDX-License-Identifier: MIT
// The invariants of what clients are told, in whichever dialect: no offset of which a byte is not
// durable, the whole file only when the backend has taken it, and the one answer of the backend.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "simulation/world.h"
#include "simulation/world_heard.h"
#include "simulation/world_life.h"

namespace sluice::simulation {

using model::UploadRecord;
using model::UploadState;

const UploadRecord* World::record_of(std::uint64_t id) const {
  const auto record = journal_.durable_uploads().find(id);
  return record == journal_.durable_uploads().end() ? nullptr : &record->second;
}

void World::recognise_all() {
  for (const auto& [id, record] : journal_.durable_uploads()) {
    recognise(record);
  }
}

// Chunks of forms find an upload by what they say of the file: where it was aborted they open
// another one, which has its token.
Expectation* World::upload_of(const Heard& heard, Expectation* asked) {
  recognise_all();
  const std::uint64_t id = heard.reply->upload_id;
  if (id == 0) {
    return asked;
  }
  const auto known = uploads_.find(id);
  if (known == uploads_.end()) {
    return nullptr;
  }
  if (asked != nullptr && known->second.token != asked->token) {
    violate(fmt::format("upload {} was told of upload {}", asked->id, id));
  }
  return &known->second;
}

Expectation* World::hear_request(Heard& heard, Expectation* asked, bool may_be_wrong) {
  if (!process_.alive) {
    return nullptr;
  }
  Expectation* const upload = upload_of(heard, asked);
  if (upload == nullptr) {
    if (heard.is_success()) {
      violate("a request was answered and there is no upload of it");
    }
    hear_refusal(nullptr, heard, may_be_wrong);
    return nullptr;
  }
  hear_size(*upload);
  const UploadRecord* const record = record_of(upload->id);
  std::optional<std::uint64_t> size =
      upload->is_sized ? std::optional(upload->source.size()) : std::nullopt;
  size = record != nullptr ? record->progress.file_size : size;
  heard.told = told_by(heard.reply->dialect, heard.request.method, heard.reply->response, size);
  const Told& told = heard.told;
  if (heard.status() < 400 && heard.reply->dialect != std::string()) {
    upload->dialects.insert(heard.reply->dialect);
  }
  if (upload->must_be_gone && (told.offset || told.is_done || told.answer)) {
    violate(fmt::format("upload {} is back after its abort", upload->id));
  }
  if (told.offset) {
    hear_offset(*upload, *told.offset, heard.before, heard.reply->dialect);
  }
  if (told.missing_parts && upload->layout) {
    hear_parts(*upload, heard);
  }
  if (told.answer) {
    hear_answer(*upload, *told.answer, heard.before);
  } else if (told.is_done && !upload->layout) {
    hear_success(*upload, told.brings_answer, heard);
  }
  if (heard.status() >= 400 && !told.answer) {
    hear_refusal(upload, heard, may_be_wrong);
  }
  return upload;
}

void World::hear_size(Expectation& upload) {
  const UploadRecord* const record = record_of(upload.id);
  if (!upload.is_sized && record != nullptr && record->progress.file_size) {
    upload.is_sized = true;
    withhold_last_byte(upload);
  }
}

bool World::may_be_told_late(const Expectation& upload, const Before& before) const {
  const UploadRecord* const record = record_of(upload.id);
  return (record == nullptr || upload::is_gone(record->progress.state)) &&
         (before.has_answer || upload.answer);
}

void World::hear_offset(Expectation& upload, std::uint64_t offset, const Before& before,
                        const char* dialect) {
  const std::uint64_t size = upload.source.size();
  const UploadRecord* const record = record_of(upload.id);
  if (may_have_lost_bytes()) {
    upload.acknowledged = std::min(upload.acknowledged, offset);
  }
  std::uint64_t floor = std::max(upload.acknowledged, upload.kept);
  // A refusal comes with the whole size in one dialect and without the last byte in others.
  if (!upload.answer || upload.answer->status != 200 || may_be_answered_anew(upload)) {
    floor = std::min(floor, size - std::min<std::uint64_t>(size, 1));
  }
  if (offset < floor) {
    violate(fmt::format("upload {}: a client was told {}, now {} by {}", upload.id, floor, offset,
                        dialect));
  }
  if (record != nullptr && offset > record->progress.stored.prefix() &&
      !upload::is_gone(record->progress.state)) {
    violate(fmt::format("upload {}: a client is told {} by {}, {} are stored", upload.id, offset,
                        dialect, record->progress.stored.prefix()));
  }
  const bool is_whole = record != nullptr && size > 0 && record->progress.file_size == offset;
  const bool is_early =
      is_whole && !record->progress.answer && !upload.put_back && !may_be_told_late(upload, before);
  if (is_early && before.is_sized) {
    violate(fmt::format("upload {}: its size is told by {} before the backend has answered",
                        upload.id, dialect));
  }
  upload.acknowledged = std::max(upload.acknowledged, offset);
  if (is_early) {
    withhold_last_byte(upload);  // The answer is from before the size was known.
  }
}

void World::hear_success(Expectation& upload, bool brings_answer, const Heard& heard) {
  const UploadRecord* const record = record_of(upload.id);
  const char* const dialect = heard.reply->dialect;
  if (record != nullptr && record->progress.state != UploadState::delivered &&
      !may_be_told_late(upload, heard.before)) {
    violate(fmt::format("upload {} is {}, {} tells of success", upload.id,
                        to_text(record->progress.state), dialect));
  }
  if (brings_answer) {
    violate(fmt::format("upload {}: {} tells of success without the backend's answer", upload.id,
                        dialect));
  }
  if (record != nullptr && record->progress.answer) {
    hear_answer(upload, *record->progress.answer, heard.before);
  }
}

void World::hear_answer(Expectation& upload, const model::Answer& answer, const Before& before) {
  if (may_be_answered_anew(upload)) {
    upload.answer.reset();
  }
  const std::string own = fmt::format("upload {}, {} bytes", upload.id, upload.source.size());
  const int status = upload.refused_by_backend ? 422 : 200;
  if (answer.body.find(own) == std::string::npos || (answer.status != status && !upload.put_back)) {
    violate(fmt::format("upload {} got another upload's answer", upload.id));
  }
  if (upload.answer &&
      (answer.status != upload.answer->status || answer.body != upload.answer->body)) {
    violate(fmt::format("upload {}: the answer has changed", upload.id));
  }
  const UploadRecord* const record = record_of(upload.id);
  if (record != nullptr && !upload.put_back && !record->progress.answer &&
      !may_be_told_late(upload, before)) {
    violate(fmt::format("upload {}: an answer is told that the journal has not", upload.id));
  }
  if (!upload.answer) {
    upload.answer =
        record != nullptr && record->progress.answer ? *record->progress.answer : answer;
    if (answer.body != upload.answer->body && !upload.put_back) {
      violate(fmt::format("upload {}: the answer that was told is not the journal's", upload.id));
    }
  }
}

// Of one file of a multi-chunk upload.
void World::hear_parts(Expectation& upload, const Heard& heard) {
  const model::Layout& layout = *upload.layout;
  const auto tag = heard.request.headers.find("X-Extra-File-Tag");
  ByteRange file{0, layout.main_size};
  ByteRange first = file;
  for (const model::ExtraFile& extra : layout.extra_files) {
    file = tag == extra.tag ? extra.range : file;
    first = first.empty() ? extra.range : first;
  }
  const UploadRecord* const record = record_of(upload.id);
  if (record == nullptr) {
    return;
  }
  const model::UploadProgress progress = record->progress;
  // The backend's answer is committed before the process knows.
  const bool is_withheld =
      progress.stored.prefix() == upload.source.size() && !life_->delivered.contains(upload.id);
  const std::vector<std::uint64_t>& missing = *heard.told.missing_parts;
  for (std::uint64_t number = 0; file.begin + number * layout.part_size < file.end; ++number) {
    const std::uint64_t begin = file.begin + number * layout.part_size;
    const ByteRange part{begin, std::min(begin + layout.part_size, file.end)};
    const bool is_missing = std::ranges::find(missing, number) != missing.end();
    if (!is_missing && !progress.stored.contains(part)) {
      violate(fmt::format("upload {}: part {} is told of and not stored", upload.id, number));
    }
    if (is_missing && upload.acknowledged_parts.contains(part) && !is_withheld &&
        !may_have_lost_bytes()) {
      violate(
          fmt::format("upload {}: part {} was acknowledged, now it is missing", upload.id, number));
    }
    if (!is_missing) {
      upload.acknowledged_parts.add(part);
    }
  }
  // The commit of the last part comes through before the process knows; until then it tells of this
  // file alone.
  if (!file.empty() && file == first && missing.empty() && life_->submitted.contains(upload.id) &&
      progress.stored.prefix() == upload.source.size()) {
    hear_success(upload, false, heard);
  }
}

// RUFH has a problem of its own for a completed upload. Its refusal is told until the process knows
// that the operator has put it back.
bool World::is_completed_problem(const Expectation& upload, const Heard& heard) const {
  const UploadRecord* const record = record_of(upload.id);
  const bool has_answer = record != nullptr && record->progress.answer;
  return heard.reply->dialect == std::string("rufh") &&
         (has_answer || may_be_told_late(upload, heard.before) || may_be_answered_anew(upload));
}

void World::hear_refusal(const Expectation* upload, const Heard& heard, bool may_be_wrong) {
  switch (heard.status()) {
    case 404:
    case 410:
      if (upload != nullptr && upload->may_be_gone) {
        return;
      }
      break;
    case 400:
    case 412:  // Of tus, where no version was named.
    case 413:
      if (may_be_wrong || (upload != nullptr && is_completed_problem(*upload, heard))) {
        return;
      }
      break;
    case 409:
    case 423:  // Of tus: ask again.
    case 502:
    case 503:
      return;
    case 500:
    case 507:
      if (has_faults_) {
        return;
      }
      break;
    default:
      break;
  }
  if (heard.status() >= 400) {
    violate(fmt::format("upload {}: {} {} is answered with {} in {}: {}",
                        upload == nullptr ? 0 : upload->id, heard.request.method_text,
                        heard.request.path, heard.status(), heard.reply->dialect,
                        heard.reply->response.body));
  }
}

// Dialects tell clients of trouble in words that have no code.
void World::hear_trouble(const std::string& token, const Error& error) {
  switch (error.code()) {
    case Errc::storage_failed:
    case Errc::file_missing:
    case Errc::disk_full:
    case Errc::content_mismatch:
    case Errc::record_damaged:
      break;
    default:
      return;
  }
  const auto found =
      std::ranges::find(uploads_, token, [](const auto& known) { return known.second.token; });
  if (process_.alive && found != uploads_.end()) {
    hear_error(found->second, error, "request");
  }
}

}  // namespace sluice::simulation
