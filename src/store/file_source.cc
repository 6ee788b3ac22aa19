// SPDX-License-Identifier: MIT
#include "store/file_source.h"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::store {

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
