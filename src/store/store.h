// SPDX-License-Identifier: MIT
// The bytes of uploads. Which of them count is the journal's knowledge, not the store's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/range_set.h"
#include "model/extent.h"
#include "runtime/byte_source.h"
#include "runtime/readable_file.h"
#include "runtime/task.h"
#include "store/space.h"

namespace sluice::store {

// The result of a receive().
struct Received {
  std::uint64_t bytes = 0;  // They are written. 0 and no error: the source has ended.
  Result<> outcome;         // Of the source, or of the store; what was written before stays.
};

// The caller's next step when a receive() has filled its range.
enum class AtEnd {
  goes_on,
  settles,  // The store may make the bytes durable on the way.
};

// One user's hold on the bytes of an upload, which may have several at a time. Calls for different
// ranges may run side by side; a range is written by one caller at a time. The bytes are opened
// with the first call, which tells of what is wrong with them: storage_failed, disk_full.
class Blob {
 public:
  virtual ~Blob() = default;

  // Writes what `source` brings at once to the front of `range`, which is not empty. REQUIRES:
  // source.wait_readable() has succeeded. One receive() of a blob at a time. Besides the errors of
  // the source: overloaded without memory.
  virtual runtime::Task<Received> receive(ByteRange range, runtime::ByteSource& source,
                                          AtEnd at_end) = 0;
  // How many of `bytes` are, from the first on, those that are stored at `offset`. storage_failed
  // when the blob ends before they do.
  virtual runtime::Task<Result<std::size_t>> count_equal(std::uint64_t offset, Bytes bytes) = 0;
  // Returns when every byte of the upload that was written so far survives a power cut, its name
  // included. `named`: what the journal is to name now, all of it written through this object. The
  // extents of these bytes are the result; a store that needs none has none. `unsynced`: the bytes
  // that the journal names and no settle() has made durable; an earlier process may have written
  // some of them. After storage_failed the bytes since the last success are unknown, and every
  // later settle() of this upload fails too. After unavailable or disk_full they are where they
  // were, and the next settle() tries again.
  virtual runtime::Task<Result<std::vector<model::Extent>>> settle(RangeSet named,
                                                                   RangeSet unsynced) = 0;
  // Whether the bytes of `ranges`, all of it settled through this object, are those that the
  // journal has now: another engine may have stored others meanwhile. A store with one place for a
  // byte has no others.
  virtual runtime::Task<Result<bool>> is_stored_so(RangeSet /*ranges*/) { co_return true; }
};

// Which blob it is, and what the journal knows of it.
struct BlobRef {
  std::uint64_t upload_id = 0;
  std::uint64_t file_size = 0;  // A new blob gets room for so many bytes.
  std::uint64_t stored_end =
      0;  // One past the last stored byte: a blob that ends before is broken.
};

// Bytes of a blob that become a file of store::NamedFiles.
struct NamedRange {
  ByteRange range;
  std::string name;
};

class Store {
 public:
  virtual ~Store() = default;

  // The caller has journalled the upload first, so that no blob is ever without a record. The blob
  // is made with the first byte. Touches nothing by itself.
  virtual std::unique_ptr<Blob> open(const BlobRef& blob) = 0;
  // A blob that is not there is as good as removed.
  virtual runtime::Task<Result<>> remove(std::uint64_t upload_id) = 0;
  // For so long after remove() bytes may come that were on their way to the store: they go when
  // remove() is called once more, before the upload is forgotten.
  virtual Duration late_bytes_max() const noexcept { return Duration::zero(); }
  // The upload has `size` bytes, or will have them: what its blob has behind them is given back,
  // room and bytes that the journal never named. For a store whose blobs have neither there is
  // nothing to do.
  virtual runtime::Task<Result<>> release_room(std::uint64_t /*upload_id*/,
                                               std::uint64_t /*size*/) {
    co_return Result<>();
  }
  // The finished blob, of `size` bytes, for reading to its end also when it is removed meanwhile.
  // An upload of no bytes that never had a blob gets an empty one. storage_failed when the blob is
  // not there or has another size.
  virtual runtime::Task<Result<std::shared_ptr<runtime::ReadableFile>>> open_finished(
      std::uint64_t upload_id, std::uint64_t size) = 0;
  // As open_finished(), for other bytes of the store to be made of it: from the byte `begin` on.
  virtual runtime::Task<Result<std::unique_ptr<runtime::ByteSource>>> read_finished(
      std::uint64_t upload_id, std::uint64_t size, std::uint64_t begin) = 0;
  // Makes `files` of the finished blob, durably; then it is gone, as finish_takes_blob() has it.
  // They are all of its bytes, without gaps, the main file first. A repetition after a crash goes
  // on where the last attempt ended. Whether there was anything to do: false says that an earlier
  // attempt had come to its end, or that no byte had to be stored. storage_failed when the blob or
  // a file that is there already has another size: a file that lost its end must not be handed over
  // as the finished one.
  virtual runtime::Task<Result<bool>> finish(std::uint64_t upload_id,
                                             std::vector<NamedRange> files) = 0;
  // Whether finish() takes the blob. Else the blob stays until remove().
  virtual bool finish_takes_blob() const noexcept { return true; }
  // unavailable: bytes can neither be kept nor read now. For a store that is not on this machine;
  // it takes a few seconds at most.
  virtual runtime::Task<Result<>> ping() { co_return Result<>(); }
  virtual runtime::Task<Result<Space>> space() = 0;
};

}  // namespace sluice::store
