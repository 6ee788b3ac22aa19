// SPDX-License-Identifier: MIT
#include "fsck/blocking_journal.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "store/local/shards.h"

namespace sluice::fsck {
namespace {

template <class Value>
runtime::Task<> keep(runtime::Task<Value> task, std::optional<Value>* value) {
  value->emplace(co_await std::move(task));
}

}  // namespace

template <class Value>
Value BlockingJournal::wait(runtime::Task<Value> task) {
  std::optional<Value> value;
  runtime::run_and_wait(worker_.executor(), log_, "fsck", keep(std::move(task), &value));
  SLUICE_CHECK(value.has_value());
  return std::move(*value);
}

Result<std::unique_ptr<BlockingJournal>> BlockingJournal::open(const store::DataDirectory& data) {
  std::unique_ptr<BlockingJournal> made(new BlockingJournal());
  auto opened = journal::SqliteJournal::open(
      data.journal_file(), Durability::commit, made->metrics_, made->log_,
      journal::current_boot_id(), [&data](std::uint64_t upload_id) -> Result<std::uint64_t> {
        const std::filesystem::path path = store::local::blob_path(data.uploads(), upload_id);
        std::error_code failed;
        const bool exists = std::filesystem::exists(path, failed);
        const std::uintmax_t size = exists ? std::filesystem::file_size(path, failed) : 0;
        return failed ? fail(Errc::storage_failed, failed.message()) : Result<std::uint64_t>(size);
      });
  if (!opened) {
    return fail(opened.error());
  }
  made->file_ = std::move(*opened);
  return made;
}

Result<std::unique_ptr<BlockingJournal>> BlockingJournal::open(
    journal::postgres::Settings settings) {
  std::unique_ptr<BlockingJournal> made(new BlockingJournal());
  auto opened =
      journal::postgres::PostgresJournal::look(std::move(settings), made->metrics_, made->log_);
  if (!opened) {
    return fail(opened.error());
  }
  made->tables_ = std::move(*opened);
  return made;
}

journal::Journal& BlockingJournal::journal() noexcept {
  return file_ ? static_cast<journal::Journal&>(*file_) : *tables_;
}

journal::SqliteJournal& BlockingJournal::file() noexcept {
  SLUICE_CHECK(file_ != nullptr);
  return *file_;
}

Result<std::vector<std::string>> BlockingJournal::integrity_problems() {
  return wait(file().integrity_problems());
}

Result<std::vector<model::UploadRecord>> BlockingJournal::uploads_after(std::uint64_t after) {
  return wait(journal().list_uploads({.after = after, .count = limits::fsck_page_count}));
}

Result<std::vector<model::VideoRecord>> BlockingJournal::videos_after(const std::string& after) {
  return wait(file_ ? file_->videos_after(after, limits::fsck_page_count)
                    : tables_->videos_after(after, limits::fsck_page_count));
}

Result<std::vector<model::Notification>> BlockingJournal::notifications_after(std::uint64_t after) {
  return wait(file().notifications_after(after, limits::fsck_page_count));
}

Result<std::vector<journal::DamagedRow>> BlockingJournal::damaged_rows() {
  return wait(file().damaged_rows());
}

Result<std::string> BlockingJournal::row_as_sql(const journal::DamagedRow& row) {
  return wait(file().row_as_sql(row));
}

Result<> BlockingJournal::remove_row(const journal::DamagedRow& row) {
  return wait(file().remove_row(row));
}

Result<std::vector<model::Extent>> BlockingJournal::extents(std::uint64_t upload_id) {
  std::vector<model::Extent> all;
  for (;;) {
    const std::uint64_t from = all.empty() ? 0 : all.back().range.end;
    Result<std::vector<model::Extent>> page =
        wait(journal().extents(upload_id, from, limits::extents_page_count));
    if (!page || page->empty()) {
      return page ? std::move(all) : std::move(page);
    }
    std::ranges::move(*page, std::back_inserter(all));
  }
}

Result<> BlockingJournal::remove_extents(std::uint64_t upload_id, ByteRange range) {
  return wait(file().remove_extents(upload_id, range));
}

Result<bool> BlockingJournal::has_extents() {
  return wait(file().has_extents());
}

Result<std::optional<model::UploadRecord>> BlockingJournal::find_upload(std::uint64_t id) {
  return wait(journal().find_upload_by_id(id));
}

Result<std::optional<model::VideoRecord>> BlockingJournal::find_video(const std::string& id) {
  return wait(journal().find_video(id));
}

Result<> BlockingJournal::commit(journal::Change change) {
  std::vector<journal::Change> changes;
  changes.push_back(std::move(change));
  return wait(journal().commit(std::move(changes)));
}

}  // namespace sluice::fsck
