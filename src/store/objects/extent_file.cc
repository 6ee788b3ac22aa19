// SPDX-License-Identifier: MIT
#include "store/objects/extent_file.h"

#include <algorithm>

#include "base/limits.h"

namespace sluice::store::objects {

using runtime::Task;

Result<std::size_t> ExtentFile::read_at(std::uint64_t offset, MutableBytes buffer) {
  const MutexLock lock(mutex_);
  std::size_t done = 0;
  while (done < buffer.size() && offset + done < size_) {
    move_window(offset + done);
    const Result<std::size_t> count = copy(*window_.front(), offset + done, buffer.subspan(done));
    if (!count) {
      window_.clear();
      return count;
    }
    done += *count;
  }
  return done;
}

void ExtentFile::move_window(std::uint64_t offset) {
  while (!window_.empty() && window_.front()->range.end <= offset) {
    window_.pop_front();
  }
  if (!window_.empty() && offset < window_.front()->range.begin) {
    window_.clear();
  }
  std::uint64_t begin = window_.empty() ? offset : window_.back()->range.end;
  while (begin < size_ && window_.size() < limits::extent_window_chunks) {
    auto share = tools_.receiving.buffers.spare(limits::extent_read_bytes);
    if (!share && !window_.empty()) {
      break;
    }
    const ByteRange range{begin, std::min(size_, begin + limits::extent_read_bytes)};
    window_.push_back(std::make_shared<Chunk>(range, std::move(share)));
    runtime::start(executor_, tools_.log, "bytes of a file",
                   fetch(read_, window_.back(),
                         std::make_unique<UnderWay::Mark>(tools_.under_way, upload_id_)));
    begin = range.end;
  }
}

Task<> ExtentFile::fetch(Read read, std::shared_ptr<Chunk> chunk,
                         std::unique_ptr<const UnderWay::Mark> /*mark*/) {
  chunk->bytes.set(co_await read(chunk->range));
}

Result<std::size_t> ExtentFile::copy(Chunk& chunk, std::uint64_t offset,
                                     MutableBytes buffer) const {
  const Result<std::string*> bytes = chunk.bytes.wait(tools_.stopping, limits::extent_wait_max);
  if (!bytes) {
    return fail(bytes.error());
  }
  const Bytes rest =
      as_bytes(**bytes).subspan(static_cast<std::size_t>(offset - chunk.range.begin));
  const std::size_t count = std::min(rest.size(), buffer.size());
  std::ranges::copy(rest.first(count), buffer.begin());
  return count;
}

}  // namespace sluice::store::objects
