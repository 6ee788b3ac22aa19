// SPDX-License-Identifier: MIT
#include "upload/fast_body.h"

#include <algorithm>

namespace sluice::upload {

using std::chrono::steady_clock;

FastBody::FastBody(runtime::ByteSource& source, ByteRange range, Duration time_max)
    : source_(source),
      is_lent_(!range.empty()),
      rest_(range),
      give_up_at_(steady_clock::now() + time_max) {
  if (is_lent_) {
    source_.lend();
  }
}

FastBody::~FastBody() {
  if (is_lent_) {
    source_.take_back();
  }
}

std::size_t FastBody::wanted(std::uint64_t most) const {
  if (!is_fast_ || steady_clock::now() >= give_up_at_) {
    return 0;
  }
  return static_cast<std::size_t>(std::min(most, rest_.size()));
}

void FastBody::took(std::size_t count, bool is_fast) {
  rest_.begin += count;
  is_fast_ = is_fast;
}

std::size_t FastBody::read(MutableBytes buffer) {
  const std::uint64_t aligned = limits::buffer_bytes - rest_.begin % limits::buffer_bytes;
  const std::size_t most = wanted(std::min<std::uint64_t>(buffer.size(), aligned));
  if (most == 0) {
    return 0;
  }
  const std::size_t count = source_.read_blocking(buffer.first(most), limits::stream_patience);
  took(count, count == most);
  return count;
}

std::optional<std::size_t> FastBody::move(runtime::Pipe& pipe) {
  const std::size_t most = wanted(limits::pipe_bytes);
  if (most == 0) {
    return 0;
  }
  const auto moved = source_.move_blocking(pipe, most, limits::stream_patience);
  if (moved) {
    const bool is_enough = *moved >= std::min(most, limits::buffer_bytes);
    took(*moved, is_enough || (*moved > 0 && pipe.is_full()));
  }
  return moved;
}

}  // namespace sluice::upload
