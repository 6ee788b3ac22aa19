// SPDX-License-Identifier: MIT
#include "store/file_source.h"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::store {

class FileSource::Lent final : public runtime::Loan {
 public:
  explicit Lent(FileSource& source) : source_(source) {}

  std::size_t read(MutableBytes buffer, Duration /*patience*/) override {
    const MutableBytes room = buffer.first(
        static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), source_.rest_.size())));
    const Result<std::size_t> count =
        source_.check() ? source_.file_->read_at(source_.rest_.begin, room) : 0;
    source_.rest_.begin += count.value_or(0);
    return count.value_or(0);
  }
  std::optional<Descriptor> descriptor() override {
    const std::uint64_t left = source_.check() ? source_.rest_.size() : 0;
    return Descriptor{source_.file_->descriptor(), left, source_.rest_.begin};
  }
  void took(std::uint64_t bytes) override { source_.rest_.begin += bytes; }

 private:
  FileSource& source_;
};

std::unique_ptr<runtime::Loan> FileSource::lend() {
  return file_->descriptor() < 0 ? nullptr : std::make_unique<Lent>(*this);
}

Result<> FileSource::check() const {
  const std::optional<Errc> reason = cancelled_.load();
  return reason ? fail(*reason) : Result<>();
}

runtime::Task<Result<>> FileSource::wait_readable() {
  co_return check();
}

runtime::Task<Result<std::size_t>> FileSource::read(MutableBytes buffer, Duration /*patience*/) {
  if (const Result<> good = check(); !good) {
    co_return fail(good.error());
  }
  const MutableBytes room =
      buffer.first(static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), rest_.size())));
  auto work = [this, room] { return file_->read_at(rest_.begin, room); };
  const Result<std::size_t> count = co_await runtime::offload(pool_, std::move(work));
  if (!count) {
    co_return fail(count.error());
  }
  if (*count < room.size()) {
    co_return fail(Errc::storage_failed,
                   fmt::format("{} ends {} bytes too early", what_, rest_.size() - *count));
  }
  rest_.begin += *count;
  co_return *count;
}

}  // namespace sluice::store
