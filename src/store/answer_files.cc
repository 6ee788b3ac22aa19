// SPDX-License-Identifier: MIT
#include "store/answer_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sluice::store {
namespace {

std::string name_of(std::uint64_t upload_id) {
  return fmt::format("answers/{}", upload_id);
}

class FileSource final : public runtime::ByteSource {
 public:
  FileSource(runtime::BlockingPool& pool, std::shared_ptr<runtime::ReadableFile> file,
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
  const std::shared_ptr<runtime::ReadableFile> file_;
  const std::uint64_t size_;
  std::uint64_t offset_ = 0;
  std::atomic<std::optional<Errc>> cancelled_{std::nullopt};
};

}  // namespace

Result<std::unique_ptr<NewFile>> AnswerFiles::create(std::uint64_t upload_id) {
  return files_.create(name_of(upload_id));
}

runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> AnswerFiles::open(
    std::uint64_t upload_id, std::uint64_t size) {
  Result<std::shared_ptr<runtime::ReadableFile>> file =
      co_await files_.open(name_of(upload_id), size);
  if (!file) {
    co_return fail(file.error());
  }
  co_return std::make_shared<FileSource>(pool_, std::move(*file), size);
}

// Most uploads never had such a file: for them nothing is synced.
runtime::Task<Result<>> AnswerFiles::remove(std::uint64_t upload_id) {
  std::vector<std::string> names{name_of(upload_id)};
  const Result<bool> there = co_await files_.exists(names.front());
  if (!there) {
    co_return fail(there.error());
  }
  if (!*there) {
    co_return Result<>();
  }
  co_return co_await files_.remove(std::move(names));
}

}  // namespace sluice::store
