// SPDX-License-Identifier: MIT
// The fast path from a request body into a file, which all stores have in common.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "runtime/blocking_pool.h"
#include "runtime/buffer_pool.h"
#include "runtime/pipe.h"
#include "store/store.h"
#include "store/writable_file.h"

namespace sluice::store {

// The parts that the receivers of one store work with; outlives them.
struct ReceiveTools {
  ReceiveTools(runtime::BlockingPool& threads, runtime::BufferPool& budget, Metrics& metrics,
               Duration turn_time_max = limits::stream_time_max);

  runtime::BlockingPool& pool;
  runtime::BufferPool& buffers;
  // For senders that have not shown to be fast: of limits::trial_bytes, on top of the budget.
  runtime::BufferPool trial_buffers;
  const Duration time_max;  // Of a storage thread with one sender.
  runtime::PipePool pipes;
};

// Where the bytes of one receive() go. Both block, on the same thread.
class Destination {
 public:
  virtual ~Destination() = default;

  // The file, before `first` is written to it.
  virtual Result<WritableFile*> begin(ByteRange first) = 0;
  // What was written, without an error, is the front of the range or all of it.
  virtual Result<> end(ByteRange written) = 0;
};

// For one blob. A sender whose bytes fill a buffer at once is received by the storage thread that
// writes them.
class Receiver {
 public:
  explicit Receiver(ReceiveTools& tools) : tools_(tools) {}

  // As Blob::receive().
  runtime::Task<Received> receive(ByteRange range, runtime::ByteSource& source,
                                  Destination& destination);

 private:
  // Of the sender, as far as it has shown. A steady one fills buffers, but not at once.
  enum class Pace { slow, steady, fast };

  bool begins_with_trial(ByteRange range) const;
  // Blocks. The first bytes, and what `body` brings for the rest of the range, unless it is null.
  Received write(ByteRange range, MutableBytes buffer, std::size_t count, runtime::Loan* body,
                 Destination& destination);

  ReceiveTools& tools_;
  Pace pace_ = Pace::slow;
};

}  // namespace sluice::store
