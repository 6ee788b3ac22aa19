// SPDX-License-Identifier: MIT
#include "store/answer_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

namespace sluice::store {
namespace {

// To callers a missing file is a fault of ours, never a client's 404.
std::unexpected<Error> fail_as_ours(const Error& error) {
  const bool full = error.code() == Errc::disk_full;
  return fail(full ? Errc::disk_full : Errc::storage_failed, error.message());
}

class FileSource final : public runtime::ByteSource {
 public:
  FileSource(runtime::BlockingPool& pool, std::unique_ptr<runtime::DiskFile> file,
             std::uint64_t size)
      : pool_(pool), file_(std::move(file)), size_(size) {}

  runtime::Task<Result<>> wait_readable() override {
    if (const std::optional<Errc> reason = cancelled_.load()) {
      co_return fail(*reason);
    }
    co_return Result<>();
  }

  runtime::Task<Result<std::size_t>> read(MutableBytes buffer, Duration /*patience*/) override {
    if (const std::optional<Errc> reason = cancelled_.load()) {
      co_return fail(*reason);
    }
    const MutableBytes room =
        buffer.first(static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), left())));
    auto work = [this, room] { return file_->read_at(offset_, room); };
    const Result<std::size_t> count = co_await runtime::offload(pool_, std::move(work));
    if (!count) {
      co_return fail(count.error());
    }
    if (*count < room.size()) {
      co_return fail(
          Errc::storage_failed,
          fmt::format("the file of an answer ends at byte {} of {}", offset_ + *count, size_));
    }
    offset_ += *count;
    co_return *count;
  }

  std::optional<std::uint64_t> remaining() const override { return left(); }
  void cancel(Errc reason) override { cancelled_.store(reason); }

 private:
  std::uint64_t left() const noexcept { return size_ - offset_; }

  runtime::BlockingPool& pool_;
  const std::unique_ptr<runtime::DiskFile> file_;
  const std::uint64_t size_;
  std::uint64_t offset_ = 0;
  std::atomic<std::optional<Errc>> cancelled_{std::nullopt};
};

}  // namespace

AnswerFiles::AnswerFiles(runtime::Disk& disk, runtime::BlockingPool& pool, std::string directory,
                         Durability durability)
    : disk_(disk), pool_(pool), directory_(std::move(directory)), durability_(durability) {}

// A file that an interrupted attempt has left may be longer than the new answer.
Result<std::unique_ptr<runtime::DiskFile>> AnswerFiles::create(std::uint64_t upload_id) {
  if (const Result<> removed = disk_.remove(path(upload_id)); !removed) {
    return fail_as_ours(removed.error());
  }
  auto file = disk_.open(path(upload_id), runtime::OpenMode::create);
  if (!file) {
    return fail_as_ours(file.error());
  }
  return file;
}

Result<> AnswerFiles::sync(runtime::DiskFile& file) {
  if (durability_ == Durability::none) {
    return {};
  }
  Result<> synced = file.sync();
  if (synced) {
    synced = disk_.sync_directory(directory_);
  }
  return synced ? synced : fail_as_ours(synced.error());
}

runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> AnswerFiles::open(
    std::uint64_t upload_id, std::uint64_t size) {
  auto work = [this, upload_id, size] { return open_now(upload_id, size); };
  co_return co_await runtime::offload(pool_, std::move(work));
}

runtime::Task<Result<>> AnswerFiles::remove(std::uint64_t upload_id) {
  auto work = [this, upload_id] { return remove_now(upload_id); };
  co_return co_await runtime::offload(pool_, std::move(work));
}

Result<std::shared_ptr<runtime::ByteSource>> AnswerFiles::open_now(std::uint64_t upload_id,
                                                                   std::uint64_t size) {
  auto file = disk_.open(path(upload_id), runtime::OpenMode::read_only);
  if (!file) {
    return fail_as_ours(file.error());
  }
  const Result<std::uint64_t> there = (*file)->size();
  if (!there) {
    return fail_as_ours(there.error());
  }
  if (*there != size) {
    return fail(Errc::storage_failed, fmt::format("the answer to upload {} has {} bytes, {} has {}",
                                                  upload_id, size, path(upload_id), *there));
  }
  return std::make_shared<FileSource>(pool_, std::move(*file), size);
}

// Most uploads never had such a file: for them nothing is synced.
Result<> AnswerFiles::remove_now(std::uint64_t upload_id) {
  const Result<bool> there = disk_.exists(path(upload_id));
  if (!there) {
    return fail_as_ours(there.error());
  }
  if (!*there) {
    return {};
  }
  Result<> removed = disk_.remove(path(upload_id));
  if (removed && durability_ != Durability::none) {
    removed = disk_.sync_directory(directory_);
  }
  return removed ? removed : fail_as_ours(removed.error());
}

std::string AnswerFiles::path(std::uint64_t upload_id) const {
  return fmt::format("{}/{}", directory_, upload_id);
}

}  // namespace sluice::store
