// SPDX-License-Identifier: MIT
#include "store/local/open_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "base/limits.h"

namespace sluice::store::local {

void SyncFailures::add(std::uint64_t upload_id) {
  const MutexLock lock(mutex_);
  uploads_.insert(upload_id);
}

void SyncFailures::forget(std::uint64_t upload_id) {
  const MutexLock lock(mutex_);
  uploads_.erase(upload_id);
}

bool SyncFailures::contains(std::uint64_t upload_id) const {
  const MutexLock lock(mutex_);
  return uploads_.contains(upload_id);
}

std::unexpected<Error> fail_as_broken(const Error& error) {
  return fail(error.code() == Errc::file_missing ? Errc::storage_failed : error.code(),
              error.message());
}

Result<> OpenFile::open(std::uint64_t room, std::uint64_t stored_end) {
  const MutexLock lock(opening_mutex_);
  if (file_) {
    return {};
  }
  auto file = open_or_make(room, stored_end);
  if (!file) {
    return fail_as_broken(file.error());
  }
  file_ = std::move(*file);
  return {};
}

Result<std::unique_ptr<runtime::DiskFile>> OpenFile::open_or_make(std::uint64_t room,
                                                                  std::uint64_t stored_end) {
  if (const Result<> made = tools_.shards.make(upload_id_); !made) {
    return fail(made.error());
  }
  auto file = tools_.disk.open(tools_.shards.blob_path(upload_id_), runtime::OpenMode::read_write);
  if (!file && file.error().code() == Errc::file_missing && stored_end == 0) {
    return make(room);
  }
  if (!file || stored_end == 0) {
    return file;
  }
  const Result<std::uint64_t> size = (*file)->size();
  if (!size) {
    return fail(size.error());
  }
  if (*size < stored_end) {
    return fail(Errc::storage_failed,
                fmt::format("the blob of upload {} ends at byte {}, the journal has bytes up to {}",
                            upload_id_, *size, stored_end));
  }
  return file;
}

Result<std::unique_ptr<runtime::DiskFile>> OpenFile::make(std::uint64_t room) {
  const std::string path = tools_.shards.blob_path(upload_id_);
  auto file = tools_.disk.open(path, runtime::OpenMode::create);
  if (!file) {
    return file;
  }
  if (Result<> reserved = (*file)->preallocate(room); !reserved) {
    file->reset();
    // The want of room is what the caller should hear of, whatever the removal says.
    std::ignore = tools_.disk.remove(path);
    return fail(reserved.error());
  }
  return file;
}

Result<> OpenFile::write(std::uint64_t offset, Bytes data) {
  Result<> written = file_->write_at(offset, data);
  if (written) {
    wrote({offset, offset + data.size()});
  }
  return written;
}

Result<> OpenFile::write_from(runtime::Pipe& pipe, std::uint64_t offset, std::size_t size) {
  Result<> written = file_->write_from(pipe, offset, size);
  if (written) {
    wrote({offset, offset + size});
  }
  return written;
}

Result<std::size_t> OpenFile::copy_from(int descriptor, std::uint64_t from, std::uint64_t to,
                                        std::size_t size) {
  Result<std::size_t> copied = file_->copy_from(descriptor, from, to, size);
  if (copied && *copied > 0) {
    wrote({to, to + *copied});
  }
  return copied;
}

Result<std::size_t> OpenFile::read(std::uint64_t offset, MutableBytes buffer) {
  return file_->read_at(offset, buffer);
}

void OpenFile::wrote(ByteRange range) {
  RangeSet gathered;
  {
    const MutexLock lock(written_mutex_);
    ++writes_;
    written_.add(range);
    gathered_.add(range);
    if (gathered_.total() < limits::writeback_bytes) {
      return;
    }
    gathered = std::exchange(gathered_, {});
  }
  for (const ByteRange& some : gathered.ranges()) {
    file_->start_writeback(some);
  }
}

RangeSet OpenFile::inherited(const RangeSet& ranges) const {
  RangeSet left = ranges;
  const MutexLock lock(written_mutex_);
  for (const ByteRange& range : written_.ranges()) {
    left.remove(range);
  }
  return left;
}

bool OpenFile::is_clean(const RangeSet& unsynced) const {
  if (tools_.failures.contains(upload_id_) || !inherited(unsynced).empty()) {
    return false;
  }
  const MutexLock lock(written_mutex_);
  return synced_writes_ == writes_;
}

Result<> OpenFile::sync(const RangeSet& unsynced) {
  const MutexLock lock(sync_mutex_);
  if (tools_.failures.contains(upload_id_)) {
    return fail(Errc::storage_failed, fmt::format("the bytes of upload {} are not trusted after a "
                                                  "failed sync",
                                                  upload_id_));
  }
  if (is_clean(unsynced)) {
    return {};
  }
  // Before anything is written anew: it tells of writes that have failed.
  Result<> synced = sync_file_and_name();
  if (const RangeSet old = inherited(unsynced); synced && !old.empty()) {
    synced = write_anew(old);
    if (synced) {
      synced = sync_file_and_name();
    }
  }
  if (!synced) {
    tools_.failures.add(upload_id_);
    return fail(Errc::storage_failed, synced.error().message());
  }
  return {};
}

Result<> OpenFile::write_anew(const RangeSet& ranges) {
  std::vector<std::byte> buffer(limits::rewrite_bytes);
  for (const ByteRange& range : ranges.ranges()) {
    for (std::uint64_t at = range.begin; at < range.end;) {
      const MutableBytes some =
          MutableBytes(buffer).first(std::min<std::uint64_t>(buffer.size(), range.end - at));
      const Result<std::size_t> count = file_->read_at(at, some);
      if (!count) {
        return fail(count.error());
      }
      if (*count != some.size()) {
        return fail(Errc::storage_failed, "the store has lost bytes of an upload");
      }
      if (Result<> written = write(at, some); !written) {
        return written;
      }
      at += some.size();
    }
  }
  return {};
}

Result<> OpenFile::sync_file_and_name() {
  std::uint64_t writes = 0;
  {
    const MutexLock lock(written_mutex_);
    gathered_ = {};
    writes = writes_;
  }
  const auto started = std::chrono::steady_clock::now();
  Result<> synced = file_->sync();
  if (synced && !name_is_durable_) {
    synced = tools_.disk.sync_directory(tools_.shards.directory_of(upload_id_));
    name_is_durable_ = synced.has_value();
  }
  if (synced) {
    const MutexLock lock(written_mutex_);
    synced_writes_ = writes;
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - started;
  tools_.metrics.sync_seconds.observe(taken.count());
  return synced;
}

}  // namespace sluice::store::local
