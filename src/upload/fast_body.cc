// SPDX-License-Identifier: MIT
#include "upload/fast_body.h"

#include <algorithm>

#include "base/limits.h"

namespace sluice::upload {

using std::chrono::steady_clock;

FastBody::FastBody(runtime::ByteSource& source, std::uint64_t bytes)
    : source_(source),
      is_lent_(bytes > 0),
      left_(bytes),
      give_up_at_(steady_clock::now() + limits::stream_time_max) {
  if (is_lent_) {
    source_.lend();
  }
}

FastBody::~FastBody() {
  if (is_lent_) {
    source_.take_back();
  }
}

std::size_t FastBody::wanted(std::size_t most) const {
  if (!is_fast_ || steady_clock::now() >= give_up_at_) {
    return 0;
  }
  return static_cast<std::size_t>(std::min<std::uint64_t>(most, left_));
}

std::size_t FastBody::read(MutableBytes buffer) {
  const std::size_t most = wanted(buffer.size());
  if (most == 0) {
    return 0;
  }
  const std::size_t count = source_.read_blocking(buffer.first(most), limits::stream_patience);
  is_fast_ = count == most;
  left_ -= count;
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
    is_fast_ = is_enough || (*moved > 0 && pipe.is_full());
    left_ -= *moved;
  }
  return moved;
}

}  // namespace sluice::upload
