// SPDX-License-Identifier: MIT
#include "video/recent_chunks.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace sluice::video {

Result<std::size_t> RecentChunks::read_at(std::uint64_t offset, MutableBytes buffer) {
  const std::uint64_t within = offset % limits::asked_chunk_bytes;
  if (const Result<> here = bring_to_front(offset - within); !here) {
    return fail(here.error());
  }
  const Bytes rest = Bytes(chunks_.front().bytes).subspan(static_cast<std::size_t>(within));
  const std::size_t count = std::min(rest.size(), buffer.size());
  std::ranges::copy(rest.first(count), buffer.begin());
  return count;
}

Result<> RecentChunks::bring_to_front(std::uint64_t begin) {
  const auto found = std::ranges::find(chunks_, begin, &Chunk::begin);
  if (found != chunks_.end()) {
    chunks_.splice(chunks_.begin(), chunks_, found);
    return {};
  }
  const auto size =
      static_cast<std::size_t>(std::min<std::uint64_t>(limits::asked_chunk_bytes, size_ - begin));
  read_ += size;
  if (read_ > limits::asked_read_bytes_max) {
    return fail(Errc::unsupported_media_type, "the probe wanted to read too much of the file");
  }
  Chunk chunk{begin, std::vector<std::byte>(size)};
  const Result<std::size_t> count = file_.read_at(begin, chunk.bytes);
  if (!count) {
    return fail(count.error());
  }
  if (*count != size) {
    return fail(Errc::storage_failed, "the file ends too early");
  }
  if (chunks_.size() >= limits::asked_chunks_kept) {
    chunks_.pop_back();
  }
  chunks_.push_front(std::move(chunk));
  return {};
}

}  // namespace sluice::video
