// SPDX-License-Identifier: MIT
#include "simulation/sqlite_content.h"

#include <limits>
#include <variant>

#include "support/run.h"

namespace sluice::simulation {

namespace {

constexpr std::size_t everything = 1'000'000;

void apply_one(Content& content, const journal::Change& change) {
  if (const auto* create = std::get_if<journal::CreateUpload>(&change)) {
    content.uploads[create->record.id] = create->record;
  } else if (const auto* update = std::get_if<journal::UpdateUpload>(&change)) {
    model::UploadRecord& record = content.uploads.at(update->id);
    record.progress = update->progress;
    ++record.progress.version;
    record.file_size_max = size_bound(record);
    if (model::is_settled(record.progress)) {
      model::forget_details(record);
    }
  } else if (const auto* remove = std::get_if<journal::RemoveUpload>(&change)) {
    content.uploads.erase(remove->id);
  } else if (const auto* put = std::get_if<journal::PutVideo>(&change)) {
    content.videos[put->record.id] = put->record;
  } else if (const auto* gone = std::get_if<journal::RemoveVideo>(&change)) {
    content.videos.erase(gone->id);
  }
}

}  // namespace

void apply_changes(Content& content, const std::vector<journal::Change>& changes) {
  for (const journal::Change& change : changes) {
    apply_one(content, change);
  }
}

void forget_unsynced(Content& content) {
  for (auto& [id, record] : content.uploads) {
    for (const ByteRange& range : record.progress.unsynced.ranges()) {
      record.progress.stored.remove(range);
    }
    record.progress.unsynced = {};
  }
}

Result<Content> read_all(journal::SqliteJournal& journal) {
  const auto problems = sluice::testing::run(journal.integrity_problems());
  if (!problems) {
    return fail(problems.error());
  }
  if (!problems->empty()) {
    return fail(Errc::storage_failed, problems->front());
  }
  const auto uploads = sluice::testing::run(journal.uploads_after(0, everything));
  if (!uploads) {
    return fail(uploads.error());
  }
  const auto videos = sluice::testing::run(journal.videos_after("", everything));
  if (!videos) {
    return fail(videos.error());
  }
  Content content;
  for (const model::UploadRecord& record : *uploads) {
    content.uploads[record.id] = record;
  }
  for (const model::VideoRecord& record : *videos) {
    content.videos[record.id] = record;
  }
  return content;
}

}  // namespace sluice::simulation
