// SPDX-License-Identifier: MIT
#include "store/objects/extent_file.h"

#include <algorithm>
#include <span>
#include <vector>

#include "base/limits.h"

namespace sluice::store::objects {

using runtime::Task;

namespace {

struct Chunk {
  ByteRange range;
  Result<std::string> bytes;
};

Task<> read_chunk(ExtentReader& reader, std::uint64_t upload_id, Chunk& chunk) {
  chunk.bytes = co_await reader.read(upload_id, chunk.range);
}

Task<> read_chunks(ExtentReader& reader, std::uint64_t upload_id, const runtime::Executor& executor,
                   Log& log, std::vector<Chunk>& chunks) {
  runtime::TaskGroup group(executor, log);
  for (Chunk& chunk : chunks) {
    group.spawn("extents", read_chunk(reader, upload_id, chunk));
  }
  while (!co_await group.wait(limits::extent_wait_max)) {
  }
}

}  // namespace

Result<std::size_t> ExtentFile::read_at(std::uint64_t offset, MutableBytes buffer) {
  const MutexLock lock(mutex_);
  std::size_t done = 0;
  while (done < buffer.size() && offset + done < size_) {
    const std::uint64_t at = offset + done;
    if (at < window_begin_ || at >= window_begin_ + window_.size()) {
      if (const Result<> filled = fill(at); !filled) {
        return fail(filled.error());
      }
    }
    const Bytes there = as_bytes(window_).subspan(static_cast<std::size_t>(at - window_begin_));
    const std::size_t count = std::min(there.size(), buffer.size() - done);
    std::ranges::copy(there.first(count), buffer.subspan(done).begin());
    done += count;
  }
  return done;
}

Result<> ExtentFile::fill(std::uint64_t offset) {
  std::vector<Chunk> chunks;
  const std::uint64_t end = std::min(size_, offset + limits::extent_window_bytes);
  for (std::uint64_t at = offset; at < end; at += limits::extent_read_bytes) {
    chunks.push_back({{at, std::min(end, at + limits::extent_read_bytes)}, std::string()});
  }
  runtime::run_and_wait(executor_, log_, "extents of a file",
                        read_chunks(reader_, upload_id_, executor_, log_, chunks));
  window_.clear();
  window_begin_ = offset;
  for (const Chunk& chunk : chunks) {
    if (!chunk.bytes) {
      window_.clear();
      return fail(chunk.bytes.error());
    }
    window_ += *chunk.bytes;
  }
  return {};
}

}  // namespace sluice::store::objects
