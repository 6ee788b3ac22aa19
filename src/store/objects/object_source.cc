// SPDX-License-Identifier: MIT
#include "store/objects/object_source.h"

#include <algorithm>

#include "base/limits.h"

namespace sluice::store::objects {

using runtime::Task;

Result<> ObjectSource::check() const {
  const std::optional<Errc> reason = cancelled_.load();
  return reason ? fail(*reason) : Result<>();
}

Task<Result<>> ObjectSource::wait_readable() {
  co_return check();
}

Task<Result<std::size_t>> ObjectSource::read(MutableBytes buffer, Duration /*patience*/) {
  std::size_t done = 0;
  while (done < buffer.size() && !rest_.empty()) {
    Result<> here = check();
    if (here && given_ == held_.size()) {
      here = co_await fetch(buffer.size() - done);
    }
    if (!here) {
      co_return done > 0 ? Result<std::size_t>(done) : fail(here.error());
    }
    done += give(buffer.subspan(done));
  }
  if (const Result<> good = check(); !good && done == 0) {
    co_return fail(good.error());
  }
  co_return done;
}

Task<Result<>> ObjectSource::fetch(std::size_t wanted) {
  std::uint64_t count = std::min<std::uint64_t>(rest_.size(), wanted);
  count = std::min(count, limits::extent_read_bytes);
  if (count < rest_.size()) {
    if (auto share = buffers_.spare(limits::extent_read_bytes)) {
      share_.emplace(*std::move(share));
      count = std::min(rest_.size(), limits::extent_read_bytes);
    }
  }
  Result<std::string> bytes = co_await objects_.get_range(key_, {rest_.begin, rest_.begin + count});
  if (!bytes && bytes.error().code() == Errc::file_missing) {
    co_return fail(Errc::storage_failed, bytes.error().message());
  }
  if (!bytes) {
    co_return fail(bytes.error());
  }
  held_ = *std::move(bytes);
  given_ = 0;
  co_return Result<>();
}

std::size_t ObjectSource::give(MutableBytes buffer) {
  const Bytes some = as_bytes(held_).subspan(given_);
  const std::size_t count = std::min(some.size(), buffer.size());
  std::ranges::copy(some.first(count), buffer.begin());
  given_ += count;
  rest_.begin += count;
  if (given_ == held_.size()) {
    held_ = {};
    given_ = 0;
    share_.reset();
  }
  return count;
}

}  // namespace sluice::store::objects
