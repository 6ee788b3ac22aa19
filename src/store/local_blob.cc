// SPDX-License-Identifier: MIT
#include "store/local_blob.h"

#include <chrono>
#include <utility>

#include "base/limits.h"
#include "runtime/short_call.h"

namespace sluice::store {

void SyncFailures::add(std::uint64_t upload_id) {
  const std::scoped_lock lock(mutex_);
  uploads_.insert(upload_id);
}

void SyncFailures::forget(std::uint64_t upload_id) {
  const std::scoped_lock lock(mutex_);
  uploads_.erase(upload_id);
}

bool SyncFailures::contains(std::uint64_t upload_id) const {
  const std::scoped_lock lock(mutex_);
  return uploads_.contains(upload_id);
}

LocalBlob::LocalBlob(BlobSurroundings& surroundings, std::uint64_t upload_id,
                     std::unique_ptr<runtime::DiskFile> file, std::string directory)
    : surroundings_(surroundings),
      upload_id_(upload_id),
      file_(std::move(file)),
      directory_(std::move(directory)) {}

runtime::Task<Result<>> LocalBlob::write(std::uint64_t offset, Bytes data) {
  auto work = [this, offset, data] { return write_now(offset, data); };
  const bool is_short = data.size() <= limits::short_write_bytes_max;
  co_return co_await runtime::short_call_if(is_short, surroundings_.pool, std::move(work));
}

// One way to a storage thread and back for all of it: at gigabytes a second the way costs as much
// as the write.
runtime::Task<Blob::Streamed> LocalBlob::stream(Stream stream) {
  auto work = [this, &stream] { return stream_now(stream); };
  co_return co_await runtime::short_call_if(is_short(surroundings_.durability, stream),
                                            surroundings_.pool, std::move(work));
}

bool LocalBlob::is_short(Durability durability, const Stream& stream) {
  return !stream.refill && stream.count <= limits::short_write_bytes_max &&
         !syncs_at(durability, stream, stream.offset + stream.count);
}

bool LocalBlob::syncs_at(Durability durability, const Stream& stream, std::uint64_t end) {
  return durability == Durability::commit && end == stream.sync_at;
}

Blob::Streamed LocalBlob::stream_now(Stream& stream) {
  Streamed streamed;
  write_rest(stream, streamed);
  if (!streamed.outcome) {
    return streamed;
  }
  if (syncs_at(surroundings_.durability, stream, stream.offset + streamed.bytes)) {
    streamed.outcome = sync_now();
  }
  return streamed;
}

void LocalBlob::write_rest(Stream& stream, Streamed& streamed) {
  std::size_t left = stream.count;
  while (left > 0) {
    streamed.outcome = write_now(stream.offset + streamed.bytes, stream.buffer.first(left));
    if (!streamed.outcome) {
      return;
    }
    streamed.bytes += left;
    if (stream.move) {
      if (move_rest(stream, streamed)) {
        return;
      }
      stream.move = nullptr;
    }
    left = stream.refill ? stream.refill(stream.buffer) : 0;
  }
}

bool LocalBlob::move_rest(Stream& stream, Streamed& streamed) {
  std::optional<runtime::Pipe> pipe = surroundings_.pipes.take();
  while (pipe) {
    const std::optional<std::size_t> count = stream.move(*pipe);
    if (count.value_or(0) == 0) {
      surroundings_.pipes.give_back(*std::move(pipe));
      return count.has_value();
    }
    const std::uint64_t at = stream.offset + streamed.bytes;
    streamed.outcome = file_->write_from(*pipe, at, *count);
    if (!streamed.outcome) {
      return true;
    }
    write_back({at, at + *count});
    streamed.bytes += *count;
  }
  return false;
}

Result<> LocalBlob::write_now(std::uint64_t offset, Bytes data) {
  Result<> written = file_->write_at(offset, data);
  if (written) {
    write_back({offset, offset + data.size()});
  }
  return written;
}

runtime::Task<Result<std::size_t>> LocalBlob::read(std::uint64_t offset, MutableBytes buffer) {
  auto work = [this, offset, buffer] { return file_->read_at(offset, buffer); };
  co_return co_await runtime::offload(surroundings_.pool, std::move(work));
}

runtime::Task<Result<>> LocalBlob::sync() {
  if (surroundings_.durability == Durability::none) {
    co_return Result<>();
  }
  if (is_clean() && !surroundings_.failures.contains(upload_id_)) {
    co_return Result<>();
  }
  auto work = [this] { return sync_now(); };
  co_return co_await runtime::offload(surroundings_.pool, std::move(work));
}

void LocalBlob::write_back(ByteRange written) {
  RangeSet gathered;
  {
    const std::scoped_lock lock(dirty_mutex_);
    ++writes_;
    dirty_.add(written);
    if (dirty_.total() < limits::writeback_bytes) {
      return;
    }
    gathered = std::exchange(dirty_, {});
  }
  for (const ByteRange& range : gathered.ranges()) {
    file_->start_writeback(range);
  }
}

Result<> LocalBlob::sync_now() {
  const std::scoped_lock lock(sync_mutex_);
  if (surroundings_.failures.contains(upload_id_)) {
    return fail(Errc::storage_failed, "the bytes of upload " + std::to_string(upload_id_) +
                                          " are not trusted after a failed sync");
  }
  if (is_clean()) {
    return {};
  }
  Result<> synced = sync_file_and_name();
  if (!synced) {
    surroundings_.failures.add(upload_id_);
  }
  return synced;
}

// Where syncs are deferred, one sync is also for what others wrote through blobs of their own.
bool LocalBlob::is_clean() const {
  const std::scoped_lock lock(dirty_mutex_);
  return surroundings_.durability == Durability::commit && synced_writes_ == writes_;
}

Result<> LocalBlob::sync_file_and_name() {
  std::uint64_t writes = 0;
  {
    const std::scoped_lock lock(dirty_mutex_);
    dirty_ = {};
    writes = writes_;
  }
  const auto started = std::chrono::steady_clock::now();
  Result<> synced = file_->sync();
  if (synced && !name_is_durable_) {
    synced = surroundings_.disk.sync_directory(directory_);
    name_is_durable_ = synced.has_value();
  }
  if (synced) {
    const std::scoped_lock lock(dirty_mutex_);
    synced_writes_ = writes;
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - started;
  surroundings_.metrics.sync_seconds.observe(taken.count());
  return synced;
}

}  // namespace sluice::store
