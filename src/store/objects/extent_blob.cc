// SPDX-License-Identifier: MIT
#include "store/objects/extent_blob.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/limits.h"

namespace sluice::store::objects {

using runtime::Task;

class ExtentBlob::Writing final : public Destination {
 public:
  explicit Writing(ExtentWriter& writer) : writer_(writer) {}

  Result<WritableFile*> begin(ByteRange /*first*/) override {
    const Result<ScratchFile*> file = writer_.file();
    return file ? Result<WritableFile*>(*file) : fail(file.error());
  }
  Result<> end(ByteRange /*written*/) override { return {}; }

 private:
  ExtentWriter& writer_;
};

Task<Received> ExtentBlob::receive(ByteRange range, runtime::ByteSource& source, AtEnd at_end) {
  const std::uint64_t most =
      std::min<std::uint64_t>(range.size(), limits::stream_bytes_max + limits::buffer_bytes);
  Result<ScratchRoom> room = co_await tools_.scratch.acquire(most, limits::buffer_wait_max);
  if (!room) {
    co_return Received{0, fail(room.error())};
  }
  const ByteRange possible{range.begin, range.begin + room->bytes()};
  Writing writing(*writer_);
  const Received received = co_await receiver_.receive(possible, source, writing);
  if (received.bytes > 0) {
    writer_->wrote({range.begin, range.begin + received.bytes}, *room);
  }
  const bool is_end = at_end == AtEnd::settles && received.bytes == range.size();
  const std::uint64_t least = is_end                       ? 1
                              : tools_.scratch.is_scarce() ? limits::checkpoint_bytes_least
                                                           : limits::file_size_max;
  co_await writer_->start(least);
  co_return received;
}

Task<Result<std::size_t>> ExtentBlob::count_equal(std::uint64_t offset, Bytes bytes) {
  std::size_t equal = 0;
  while (equal < bytes.size()) {
    const Bytes some = bytes.subspan(
        equal, std::min<std::size_t>(bytes.size() - equal, limits::extent_read_bytes));
    const std::uint64_t begin = offset + equal;
    const Result<std::string> stored = co_await writer_->read({begin, begin + some.size()});
    if (!stored) {
      co_return fail(stored.error());
    }
    if (stored->empty()) {
      co_return fail(Errc::storage_failed, "the store has lost bytes of this upload");
    }
    const Bytes theirs = as_bytes(*stored);
    const auto [ours, other] = std::ranges::mismatch(some.first(theirs.size()), theirs);
    equal += static_cast<std::size_t>(ours - some.begin());
    if (other != theirs.end()) {
      break;
    }
  }
  co_return equal;
}

Task<Result<std::vector<model::Extent>>> ExtentBlob::settle(RangeSet named, RangeSet /*unsynced*/) {
  return writer_->settle(std::move(named));
}

Task<Result<bool>> ExtentBlob::is_stored_so(RangeSet ranges) {
  for (ByteRange range : ranges.ranges()) {
    while (!range.empty()) {
      const auto same = co_await count_stored_so(range);
      if (!same) {
        co_return fail(same.error());
      }
      if (!*same) {
        co_return false;
      }
      range.begin += **same;
    }
  }
  co_return true;
}

Task<Result<std::optional<std::uint64_t>>> ExtentBlob::count_stored_so(ByteRange range) {
  const Result<model::Extent> extent = co_await tools_.reader.front(upload_id_, range);
  if (!extent) {
    co_return fail(extent.error());
  }
  if (writer_->has_made(extent->object)) {
    co_return extent->range.size();
  }
  const ByteRange some{range.begin,
                       std::min(extent->range.end, range.begin + limits::extent_read_bytes)};
  const Result<std::string> theirs = co_await tools_.reader.read(upload_id_, some);
  if (!theirs) {
    co_return fail(theirs.error());
  }
  const Result<std::size_t> equal = co_await count_equal(some.begin, as_bytes(*theirs));
  if (!equal) {
    co_return fail(equal.error());
  }
  co_return *equal == some.size() ? std::optional(some.size()) : std::nullopt;
}

}  // namespace sluice::store::objects
