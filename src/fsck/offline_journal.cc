// SPDX-License-Identifier: MIT
#include "fsck/offline_journal.h"

#include <utility>

#include "base/check.h"
#include "base/limits.h"

namespace sluice::fsck {
namespace {

template <class Value>
runtime::Task<> keep(runtime::Task<Value> task, std::optional<Value>* value) {
  value->emplace(co_await std::move(task));
}

}  // namespace

template <class Value>
Value OfflineJournal::wait(runtime::Task<Value> task) {
  std::optional<Value> value;
  runtime::run_and_wait(worker_.executor(), log_, "fsck", keep(std::move(task), &value));
  SLUICE_CHECK(value.has_value());
  return std::move(*value);
}

Result<std::unique_ptr<OfflineJournal>> OfflineJournal::open(const std::string& path) {
  std::unique_ptr<OfflineJournal> made(new OfflineJournal());
  auto opened = journal::SqliteJournal::open(path, Durability::commit, made->metrics_, made->log_);
  if (!opened) {
    return fail(opened.error());
  }
  made->journal_ = std::move(*opened);
  return made;
}

Result<std::vector<std::string>> OfflineJournal::integrity_problems() {
  return wait(journal_->integrity_problems());
}

Result<std::vector<journal::UploadRecord>> OfflineJournal::uploads_after(std::uint64_t after) {
  return wait(journal_->uploads_after(after, limits::fsck_page_count));
}

Result<std::vector<journal::UploadRecord>> OfflineJournal::undelivered_after(std::uint64_t after) {
  return wait(journal_->undelivered(after, limits::fsck_page_count));
}

Result<std::vector<journal::VideoRecord>> OfflineJournal::videos_after(const std::string& after) {
  return wait(journal_->videos_after(after, limits::fsck_page_count));
}

Result<std::optional<journal::UploadRecord>> OfflineJournal::find_upload(std::uint64_t id) {
  SLUICE_CHECK(id > 0);
  Result<std::vector<journal::UploadRecord>> next = wait(journal_->uploads_after(id - 1, 1));
  if (!next) {
    return fail(next.error());
  }
  if (next->empty() || next->front().id != id) {
    return std::nullopt;
  }
  return std::move(next->front());
}

Result<std::optional<journal::VideoRecord>> OfflineJournal::find_video(const std::string& id) {
  return wait(journal_->find_video(id));
}

Result<> OfflineJournal::commit(journal::Change change) {
  std::vector<journal::Change> changes;
  changes.push_back(std::move(change));
  return wait(journal_->commit(std::move(changes)));
}

}  // namespace sluice::fsck
