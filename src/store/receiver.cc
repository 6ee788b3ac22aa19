// SPDX-License-Identifier: MIT
#include "store/receiver.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/limits.h"
#include "store/turn.h"

namespace sluice::store {

using runtime::Task;

ReceiveTools::ReceiveTools(runtime::BlockingPool& threads, runtime::BufferPool& budget,
                           Metrics& metrics, Duration turn_time_max)
    : pool(threads),
      buffers(budget),
      trial_buffers(limits::trial_buffers_max * limits::trial_bytes, metrics.buffers_in_use,
                    limits::trial_bytes),
      time_max(turn_time_max) {}

// Of a large rest no more is read than tells a fast sender: the storage thread has better ways to
// take what follows, and a slow sender does not bring more at once.
bool Receiver::begins_with_trial(ByteRange range) const {
  return pace_ != Pace::steady && range.size() >= limits::large_rest_bytes;
}

Task<Received> Receiver::receive(ByteRange range, runtime::ByteSource& source,
                                 Destination& destination) {
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
  auto work = [this, range, &buffer, count = *count, &loan, &destination] {
    return write(range, buffer->bytes(), count, loan.get(), destination);
  };
  co_return co_await runtime::offload(tools_.pool, std::move(work));
}

Received Receiver::write(ByteRange range, MutableBytes buffer, std::size_t count,
                         runtime::Loan* body, Destination& destination) {
  Received received;
  const Result<WritableFile*> file = destination.begin({range.begin, range.begin + count});
  received.outcome = file ? (*file)->write(range.begin, buffer.first(count)) : fail(file.error());
  if (!received.outcome) {
    return received;
  }
  received.bytes = count;
  if (body != nullptr) {
    const std::uint64_t end = std::min(range.end, range.begin + limits::stream_bytes_max);
    Turn turn(**file, *body, {range.begin + count, end}, tools_.time_max);
    received.outcome = turn.run(tools_.pipes, buffer);
    received.bytes += turn.bytes();
    pace_ = turn.is_fast() ? Pace::fast : Pace::steady;
  }
  if (received.outcome) {
    received.outcome = destination.end({range.begin, range.begin + received.bytes});
  }
  return received;
}

}  // namespace sluice::store
