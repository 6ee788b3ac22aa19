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

}  // namespace sluice::store::objects
