// SPDX-License-Identifier: MIT
#include "store/local/local_blob.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/limits.h"

namespace sluice::store::local {

using runtime::Task;

// The file of the blob, which one receive() writes to.
class LocalBlob::Writing final : public Destination {
 public:
  Writing(LocalBlob& blob, ByteRange range, AtEnd at_end)
      : blob_(blob), range_(range), at_end_(at_end) {}

  Result<WritableFile*> begin(ByteRange first) override {
    const Result<> opened = blob_.open(first.begin, first.size());
    return opened ? Result<WritableFile*>(blob_.file_.get()) : fail(opened.error());
  }
  Result<> end(ByteRange written) override {
    const bool syncs = at_end_ == AtEnd::settles && written == range_ &&
                       blob_.tools_.files.durability == Durability::commit;
    return syncs ? blob_.file_->sync({}) : Result<>();
  }

 private:
  LocalBlob& blob_;
  const ByteRange range_;
  const AtEnd at_end_;
};

Task<Received> LocalBlob::receive(ByteRange range, runtime::ByteSource& source, AtEnd at_end) {
  Writing writing(*this, range, at_end);
  co_return co_await receiver_.receive(range, source, writing);
}

Result<> LocalBlob::open(std::uint64_t offset, std::uint64_t count) {
  // Bytes that have come whole are written at once, and take their room themselves.
  const bool is_whole = offset == 0 && count == blob_.file_size;
  return file_->open(is_whole ? 0 : blob_.file_size, blob_.stored_end);
}

Task<Result<std::size_t>> LocalBlob::count_equal(std::uint64_t offset, Bytes bytes) {
  auto work = [this, offset, bytes] { return count_equal_now(offset, bytes); };
  co_return co_await runtime::offload(tools_.receiving.pool, std::move(work));
}

Result<std::size_t> LocalBlob::count_equal_now(std::uint64_t offset, Bytes bytes) {
  if (const Result<> opened = open(offset, bytes.size()); !opened) {
    return fail(opened.error());
  }
  std::array<std::byte, limits::compare_bytes> stored;
  std::size_t equal = 0;
  while (equal < bytes.size()) {
    const Bytes some = bytes.subspan(equal, std::min(stored.size(), bytes.size() - equal));
    const MutableBytes theirs = MutableBytes(stored).first(some.size());
    const Result<std::size_t> count = file_->read(offset + equal, theirs);
    if (!count) {
      return fail(count.error());
    }
    if (*count != some.size()) {
      return fail(Errc::storage_failed, "the store has lost bytes of this upload");
    }
    const auto [ours, other] = std::ranges::mismatch(some, theirs);
    equal += static_cast<std::size_t>(ours - some.begin());
    if (ours != some.end()) {
      break;
    }
  }
  return equal;
}

Task<Result<std::vector<model::Extent>>> LocalBlob::settle(RangeSet /*named*/, RangeSet unsynced) {
  std::vector<model::Extent> none;
  if (tools_.files.durability == Durability::none || file_->is_clean(unsynced)) {
    co_return none;
  }
  auto work = [this, &unsynced]() -> Result<> {
    Result<> opened = file_->open(blob_.file_size, blob_.stored_end);
    return opened ? file_->sync(unsynced) : opened;
  };
  const Result<> synced = co_await runtime::offload(tools_.receiving.pool, std::move(work));
  if (!synced) {
    co_return fail(synced.error());
  }
  co_return none;
}

}  // namespace sluice::store::local
