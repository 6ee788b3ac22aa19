// SPDX-License-Identifier: MIT
#include "journal_content.h"

#include <optional>

#include "library/library.h"

namespace sluice {
namespace {

runtime::Task<Result<JournalContent>> read_content(const OpenJournal& opened) {
  const auto uploads = co_await opened.journal->list_uploads({.count = 1});
  const auto videos = co_await opened.journal->list_videos({.status = std::nullopt, .count = 1});
  const auto files = co_await opened.journal->list_videos({.status = library::stored, .count = 1});
  // What several nodes share has no bytes but in objects.
  Result<bool> has_extents = true;
  if (opened.file != nullptr) {
    has_extents = co_await opened.file->has_extents();
  }
  if (!uploads) {
    co_return fail(uploads.error());
  }
  if (!videos || !files) {
    co_return fail(videos ? files.error() : videos.error());
  }
  if (!has_extents) {
    co_return fail(has_extents.error());
  }
  const bool has_files = videos->total > 0 || files->total > 0;
  co_return JournalContent{.has_uploads = !uploads->empty() || has_files,
                           .has_extents = *has_extents};
}

runtime::Task<> keep_content(const OpenJournal& opened,
                             std::optional<Result<JournalContent>>* content) {
  content->emplace(co_await read_content(opened));
}

}  // namespace

Result<JournalContent> look_into(const OpenJournal& opened, const runtime::Executor& executor,
                                 Log& log) {
  std::optional<Result<JournalContent>> content;
  runtime::run_and_wait(executor, log, "journal", keep_content(opened, &content));
  return *std::move(content);
}

}  // namespace sluice
