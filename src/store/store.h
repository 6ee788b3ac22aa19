// SPDX-License-Identifier: MIT
// The bytes of uploads. Which of them count is the journal's knowledge, not the store's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "runtime/disk.h"
#include "runtime/task.h"

namespace sluice::store {

// The open bytes of one upload. Calls for different ranges may run side by side; a range is written
// by one caller at a time.
class Blob {
 public:
  virtual ~Blob() = default;

  // Writes all of `data` at `offset`; starts writeback of what has gathered. Not durable.
  virtual runtime::Task<Result<>> write(std::uint64_t offset, Bytes data) = 0;
  // What a stream() has written when it ended.
  struct Streamed {
    std::uint64_t bytes = 0;
    Result<> outcome;
  };
  // Puts the next bytes at the front of the buffer, returns how many; 0 ends the stream. It runs on
  // a thread that may block, and not for longer than limits::stream_time_max in all.
  using Refill = std::function<std::size_t(MutableBytes)>;
  // The same into an empty pipe; nullopt where only a refill can.
  using Move = std::function<std::optional<std::size_t>(runtime::Pipe&)>;
  struct Stream {
    std::uint64_t offset = 0;
    MutableBytes buffer;
    std::size_t count = 0;    // So many bytes of the buffer come first, then what `refill` brings.
    Refill refill = nullptr;  // Null where nothing more comes.
    // A stream that ends exactly here is to be synced soon: whoever can do so on the way does,
    // where syncs are not deferred.
    std::uint64_t sync_at = 0;
    // Instead of `refill`, for whoever has a pipe; null where only that can.
    Move move = nullptr;
  };
  // Writes end to end. What was written before an error stays.
  virtual runtime::Task<Streamed> stream(Stream stream) {
    Streamed streamed;
    while (stream.count > 0 && streamed.outcome) {
      streamed.outcome =
          co_await write(stream.offset + streamed.bytes, stream.buffer.first(stream.count));
      if (streamed.outcome) {
        streamed.bytes += stream.count;
        stream.count = stream.refill ? stream.refill(stream.buffer) : 0;
      }
    }
    co_return streamed;
  }
  // Fills `buffer`, or less when the blob ends.
  virtual runtime::Task<Result<std::size_t>> read(std::uint64_t offset, MutableBytes buffer) = 0;
  // Returns when every byte written so far survives a power cut, the blob's name included. After a
  // failure the bytes since the last success are unknown, and every later sync() of this upload
  // fails too.
  virtual runtime::Task<Result<>> sync() = 0;
};

// Bytes of a blob that become a file of their own.
struct SplitOff {
  ByteRange range;
  std::string path;
};

class Store {
 public:
  virtual ~Store() = default;

  // Opens the blob of an upload, creating it with room for `file_size` bytes. The caller has
  // journalled the upload first, so that no blob is ever without a record. storage_failed when the
  // blob ends before `stored_end`, the end of the last byte that the journal calls durable.
  virtual runtime::Task<Result<std::unique_ptr<Blob>>> open(std::uint64_t upload_id,
                                                            std::uint64_t file_size,
                                                            std::uint64_t stored_end) = 0;
  struct Opened {
    std::unique_ptr<Blob> blob;
    Blob::Streamed streamed;
  };
  // open(), then stream(). The error is that of open().
  virtual runtime::Task<Result<Opened>> open_and_stream(std::uint64_t upload_id,
                                                        std::uint64_t file_size,
                                                        std::uint64_t stored_end,
                                                        Blob::Stream stream) {
    auto blob = co_await open(upload_id, file_size, stored_end);
    if (!blob) {
      co_return fail(blob.error());
    }
    Opened opened;
    opened.blob = std::move(*blob);
    opened.streamed = co_await opened.blob->stream(std::move(stream));
    co_return opened;
  }
  // Where the blob ends, which is not before the last byte that was written; 0 when there is none.
  virtual runtime::Task<Result<std::uint64_t>> size(std::uint64_t upload_id) = 0;
  // A blob that is not there is as good as removed.
  virtual runtime::Task<Result<>> remove(std::uint64_t upload_id) = 0;
  // Renames the finished blob to `path`, on the same file system, durably; true. A repetition after
  // a crash succeeds too: the blob is gone and `path` is there; false. An upload of no bytes that
  // never had a blob gets an empty file. storage_failed when what is there does not have
  // `file_size` bytes: a file that lost its end must not be handed over as the finished one.
  virtual runtime::Task<Result<bool>> move_to(std::uint64_t upload_id, std::uint64_t file_size,
                                              std::string path) = 0;
  // Takes the extra files, which lie behind `main_size` bytes, out of the finished blob: each
  // becomes a file of its own, durably, and the blob keeps its first `main_size` bytes. On the same
  // file system. A repetition after a crash goes on where it ended, also when the blob was moved
  // since.
  virtual runtime::Task<Result<>> split(std::uint64_t upload_id, std::uint64_t main_size,
                                        std::vector<SplitOff> extra_files) = 0;
  virtual runtime::Task<Result<runtime::DiskSpace>> space() = 0;
};

}  // namespace sluice::store
