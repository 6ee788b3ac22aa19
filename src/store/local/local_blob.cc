// SPDX-License-Identifier: MIT
#include "store/local/local_blob.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/limits.h"
#include "store/local/turn.h"

namespace sluice::store::local {

using runtime::Task;

// Of a large rest no more is read than tells a fast sender: the storage thread has better ways to
// take what follows, and a slow sender does not bring more at once.
bool LocalBlob::begins_with_trial(ByteRange range) const {
  return pace_ != Pace::steady && range.size() >= limits::large_rest_bytes;
}

Task<Received> LocalBlob::receive(ByteRange range, runtime::ByteSource& source, AtEnd at_end) {
  const bool is_trial = begins_with_trial(range);
  const bool is_small = is_trial && pace_ == Pace::slow;
  runtime::BufferPool& pool = is_small ? tools_.trial_buffers : tools_.buffers;
  Result<runtime::Buffer> buffer = co_await pool.acquire(limits::buffer_wait_max);
  if (!buffer) {
    co_return Received{0, fail(buffer.error())};
  }
  const std::size_t most = is_trial ? limits::trial_bytes : buffer->bytes().size();
  const MutableBytes wanted = buffer->bytes().first(std::min<std::uint64_t>(most, range.size()));
  const Duration patience = pool.is_scarce() ? Duration::zero() : limits::buffer_fill_patience;
  const Result<std::size_t> count = co_await source.read(wanted, patience);
  if (!count) {
    co_return Received{0, fail(count.error())};
  }
  if (*count == 0) {
    co_return Received();
  }
  const bool is_filled = *count == wanted.size();
  if (is_filled && is_small) {
    Result<runtime::Buffer> large = co_await tools_.buffers.acquire(limits::buffer_wait_max);
    if (!large) {
      co_return Received{0, fail(large.error())};
    }
    std::ranges::copy(wanted, large->bytes().begin());
    buffer = std::move(large);
  }
  const std::unique_ptr<runtime::Loan> loan =
      is_filled && *count < range.size() ? source.lend() : nullptr;
  if (!is_filled) {
    pace_ = *count <= limits::trial_bytes ? Pace::slow : Pace::steady;
  } else if (!loan) {
    pace_ = *count < range.size() ? Pace::steady : Pace::fast;
  }
  // One way to a storage thread and back for all of it: at gigabytes a second the way costs as much
  // as the write.
  auto work = [this, range, &buffer, count = *count, &loan, at_end] {
    return write(range, buffer->bytes(), count, loan.get(), at_end);
  };
  co_return co_await runtime::offload(tools_.pool, std::move(work));
}

Result<> LocalBlob::open(std::uint64_t offset, std::uint64_t count) {
  // Bytes that have come whole are written at once, and take their room themselves.
  const bool is_whole = offset == 0 && count == blob_.file_size;
  return file_->open(is_whole ? 0 : blob_.file_size, blob_.stored_end);
}

Received LocalBlob::write(ByteRange range, MutableBytes buffer, std::size_t count,
                          runtime::Loan* body, AtEnd at_end) {
  Received received;
  received.outcome = open(range.begin, count);
  if (received.outcome) {
    received.outcome = file_->write(range.begin, buffer.first(count));
  }
  if (!received.outcome) {
    return received;
  }
  received.bytes = count;
  if (body != nullptr) {
    const std::uint64_t end = std::min(range.end, range.begin + limits::stream_bytes_max);
    Turn turn(*file_, *body, {range.begin + count, end}, tools_.turn_time_max);
    received.outcome = turn.run(tools_.pipes, buffer);
    received.bytes += turn.bytes();
    pace_ = turn.is_fast() ? Pace::fast : Pace::steady;
  }
  const bool is_at_end = at_end == AtEnd::settles && received.bytes == range.size();
  if (received.outcome && is_at_end && tools_.files.durability == Durability::commit) {
    received.outcome = file_->sync({});
  }
  return received;
}

Task<Result<std::size_t>> LocalBlob::count_equal(std::uint64_t offset, Bytes bytes) {
  auto work = [this, offset, bytes] { return count_equal_now(offset, bytes); };
  co_return co_await runtime::offload(tools_.pool, std::move(work));
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
  const Result<> synced = co_await runtime::offload(tools_.pool, std::move(work));
  if (!synced) {
    co_return fail(synced.error());
  }
  co_return none;
}

}  // namespace sluice::store::local
