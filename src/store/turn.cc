// SPDX-License-Identifier: MIT
#include "store/turn.h"

#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/limits.h"

namespace sluice::store {

using std::chrono::steady_clock;

namespace {

enum class Step { moved, nothing_there, ended, impossible };

// As much as is there, up to `size` bytes.
Step splice_into(const runtime::Pipe& pipe, int from, std::uint64_t size, std::size_t& moved) {
  for (;;) {
    const ssize_t count =
        ::splice(from, nullptr, pipe.write_end(), nullptr, size, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
    if (count > 0) {
      moved = static_cast<std::size_t>(count);
      return Step::moved;
    }
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0 && errno == EAGAIN) {
      return Step::nothing_there;
    }
    const bool is_impossible = count < 0 && (errno == EINVAL || errno == ENOSYS);
    return is_impossible ? Step::impossible : Step::ended;
  }
}

bool wait_readable(int descriptor, steady_clock::time_point until) {
  const auto left = std::chrono::ceil<Duration>(until - steady_clock::now());
  pollfd waiting{descriptor, POLLIN, 0};
  return left > Duration::zero() && ::poll(&waiting, 1, static_cast<int>(left.count())) > 0;
}

}  // namespace

Turn::Turn(WritableFile& file, runtime::Loan& body, ByteRange range, Duration time_max)
    : file_(file), body_(body), rest_(range), give_up_at_(steady_clock::now() + time_max) {}

std::size_t Turn::wanted(std::uint64_t most) const {
  if (!is_fast_ || steady_clock::now() >= give_up_at_) {
    return 0;
  }
  return static_cast<std::size_t>(std::min(most, rest_.size()));
}

void Turn::took(std::size_t count, bool is_fast) {
  rest_.begin += count;
  written_ += count;
  is_fast_ = is_fast;
}

Result<> Turn::run(runtime::PipePool& pipes, MutableBytes buffer) {
  const std::optional<runtime::Loan::Descriptor> from = body_.descriptor();
  if (from && from->offset) {
    if (Result<> copied = run_from_file(); !copied) {
      return copied;
    }
  } else if (std::optional<runtime::Pipe> pipe = pipes.take()) {
    if (Result<> moved = run_through(*pipe); !moved) {
      return moved;  // And the pipe goes: it may hold bytes.
    }
    pipes.give_back(*std::move(pipe));
  } else {
    is_moved_ = false;
  }
  while (!is_moved_) {
    const std::uint64_t at = rest_.begin;
    const std::size_t count = read(buffer);
    if (count == 0) {
      break;
    }
    if (Result<> written = file_.write(at, buffer.first(count)); !written) {
      written_ -= count;
      return written;
    }
  }
  return {};
}

Result<> Turn::run_from_file() {
  for (;;) {
    const std::optional<runtime::Loan::Descriptor> from = body_.descriptor();
    const std::size_t most = from ? wanted(from->left) : 0;
    if (most == 0) {
      return {};  // The source tells of an end or an error.
    }
    const Result<std::size_t> count =
        file_.copy_from(from->number, from->offset.value_or(0), rest_.begin, most);
    if (!count) {
      return fail(count.error());
    }
    is_moved_ = *count > 0;
    if (!is_moved_) {
      return {};
    }
    body_.took(*count);
    took(*count, true);
  }
}

Result<> Turn::run_through(runtime::Pipe& pipe) {
  for (;;) {
    const std::uint64_t at = rest_.begin;
    const std::optional<std::size_t> count = fill(pipe);
    is_moved_ = count.has_value();
    if (count.value_or(0) == 0) {
      return {};
    }
    if (Result<> written = file_.write_from(pipe, at, *count); !written) {
      written_ -= *count;
      return written;
    }
  }
}

std::optional<std::size_t> Turn::fill(runtime::Pipe& pipe) {
  const std::size_t most = wanted(limits::pipe_bytes);
  const auto give_up_at = steady_clock::now() + limits::stream_patience;
  std::size_t moved = 0;
  while (moved < most) {
    const std::optional<runtime::Loan::Descriptor> from = body_.descriptor();
    const std::uint64_t size = from ? std::min<std::uint64_t>(most - moved, from->left) : 0;
    std::size_t count = 0;
    const Step step = !from       ? Step::impossible
                      : size == 0 ? Step::ended
                                  : splice_into(pipe, from->number, size, count);
    if (step == Step::moved) {
      body_.took(count);
      moved += count;
      continue;
    }
    if (step == Step::impossible && moved == 0) {
      return std::nullopt;
    }
    // Small segments of a network fill a pipe long before its bytes do. Once there is a buffer
    // full, it does not wait for more.
    const bool is_enough = moved >= limits::buffer_bytes || (moved > 0 && pipe.is_full());
    if (step != Step::nothing_there || is_enough || !wait_readable(from->number, give_up_at)) {
      break;  // The source tells of an end or an error.
    }
  }
  if (most > 0) {
    took(moved, moved >= std::min(most, limits::buffer_bytes) || (moved > 0 && pipe.is_full()));
  }
  return moved;
}

std::size_t Turn::read(MutableBytes buffer) {
  const std::uint64_t aligned = limits::buffer_bytes - rest_.begin % limits::buffer_bytes;
  const std::size_t most = wanted(std::min<std::uint64_t>(buffer.size(), aligned));
  if (most == 0) {
    return 0;
  }
  const std::size_t count = body_.read(buffer.first(most), limits::stream_patience);
  took(count, count == most);
  return count;
}

}  // namespace sluice::store
