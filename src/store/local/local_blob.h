// SPDX-License-Identifier: MIT
// A blob that is a file of the local store.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/blocking_pool.h"
#include "runtime/buffer_pool.h"
#include "runtime/pipe.h"
#include "store/local/open_file.h"
#include "store/store.h"

namespace sluice::store::local {

// The parts that the blobs of one store work with; outlives them.
struct BlobTools {
  FileTools files;
  runtime::BlockingPool& pool;
  runtime::BufferPool& buffers;
  // For senders that have not shown to be fast: of limits::trial_bytes, on top of the budget.
  runtime::BufferPool trial_buffers;
  Duration turn_time_max;  // Of a storage thread with one sender.
  runtime::PipePool pipes = {};
};

// A sender whose bytes fill a buffer at once is received by the storage thread that writes them.
class LocalBlob final : public Blob {
 public:
  LocalBlob(BlobTools& tools, const BlobRef& blob, std::shared_ptr<OpenFile> file)
      : tools_(tools), blob_(blob), file_(std::move(file)) {}

  runtime::Task<Received> receive(ByteRange range, runtime::ByteSource& source,
                                  AtEnd at_end) override;
  runtime::Task<Result<std::size_t>> count_equal(std::uint64_t offset, Bytes bytes) override;
  // No extents: the upload's number names the file.
  runtime::Task<Result<std::vector<model::Extent>>> settle(RangeSet named,
                                                           RangeSet unsynced) override;

 private:
  // Of the sender, as far as it has shown. A steady one fills buffers, but not at once.
  enum class Pace { slow, steady, fast };

  bool begins_with_trial(ByteRange range) const;
  // These block.
  // Opens the file for `count` bytes at `offset`.
  Result<> open(std::uint64_t offset, std::uint64_t count);
  // The first bytes, and what `body` brings for the rest of the range, unless it is null.
  Received write(ByteRange range, MutableBytes buffer, std::size_t count, runtime::Loan* body,
                 AtEnd at_end);
  Result<std::size_t> count_equal_now(std::uint64_t offset, Bytes bytes);

  BlobTools& tools_;
  const BlobRef blob_;
  const std::shared_ptr<OpenFile> file_;
  Pace pace_ = Pace::slow;
};

}  // namespace sluice::store::local
