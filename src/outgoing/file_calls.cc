// SPDX-License-Identifier: MIT
#include "outgoing/file_calls.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/mutex.h"

namespace sluice::outgoing {
namespace {

class Call final : public runtime::BlockingPool::Job {
 public:
  explicit Call(std::function<void()> work) : work_(std::move(work)) {}
  void run(std::unique_ptr<Job> /*self*/) override { work_(); }

 private:
  const std::function<void()> work_;
};

void call(runtime::BlockingPool& pool, std::function<void()> work) {
  if (pool.runs_inline()) {
    work();
  } else {
    pool.add(std::make_unique<Call>(std::move(work)));
  }
}

}  // namespace

struct BodyReader::Piece {
  std::uint64_t offset = 0;
  std::vector<std::byte> buffer;

  Mutex mutex;
  bool is_here GUARDED_BY(mutex) = false;
  bool is_waited_for GUARDED_BY(mutex) = false;
  Result<std::size_t> count = 0;  // Before `is_here` the call's, then the transfer's.
};

BodyReader::BodyReader(std::shared_ptr<const Body> body, runtime::BlockingPool& pool, Notice notice)
    : body_(std::move(body)), pool_(pool), notice_(std::move(notice)) {}

BodyReader::~BodyReader() = default;

std::optional<Result<std::size_t>> BodyReader::read(std::uint64_t offset, MutableBytes into) {
  if (body_->text() != nullptr || offset >= body_->size()) {
    return body_->read_at(offset, into);
  }
  if (!piece_) {
    begin_piece(offset);
  }
  for (;;) {
    {
      const MutexLock lock(piece_->mutex);
      if (!piece_->is_here) {
        piece_->is_waited_for = true;
        return std::nullopt;
      }
    }
    if (!piece_->count) {
      return piece_->count;
    }
    const std::uint64_t end = piece_->offset + *piece_->count;
    if (offset >= piece_->offset && offset < end) {
      const Bytes rest = Bytes(piece_->buffer)
                             .first(*piece_->count)
                             .subspan(static_cast<std::size_t>(offset - piece_->offset));
      const std::size_t count = std::min(rest.size(), into.size());
      std::ranges::copy(rest.first(count), into.begin());
      if (offset + count == end && end < body_->size()) {
        begin_piece(end);
      }
      return count;
    }
    // The request is sent again.
    begin_piece(offset);
  }
}

// A piece that is still read when the transfer ends is its call's alone.
void BodyReader::begin_piece(std::uint64_t offset) {
  auto piece = std::make_shared<Piece>();
  if (piece_) {
    piece->buffer = std::move(piece_->buffer);
  }
  piece->buffer.resize(static_cast<std::size_t>(
      std::min<std::uint64_t>(limits::outgoing_piece_bytes, body_->size())));
  piece->offset = offset;
  piece_ = piece;
  call(pool_, [piece = std::move(piece), body = body_, notice = notice_] {
    Result<std::size_t> count = body->read_at(piece->offset, piece->buffer);
    bool is_waited_for = false;
    {
      const MutexLock lock(piece->mutex);
      piece->count = std::move(count);
      piece->is_here = true;
      is_waited_for = piece->is_waited_for;
    }
    if (is_waited_for) {
      notice();
    }
  });
}

struct SinkWriter::State {
  explicit State(std::shared_ptr<AnswerSink> to) : sink(std::move(to)) {}

  const std::shared_ptr<AnswerSink> sink;
  mutable Mutex mutex;
  bool is_busy GUARDED_BY(mutex) = false;
  Result<> result GUARDED_BY(mutex);
};

SinkWriter::SinkWriter(std::shared_ptr<AnswerSink> sink, runtime::BlockingPool& pool, Notice notice)
    : pool_(pool), notice_(std::move(notice)), state_(std::make_shared<State>(std::move(sink))) {}

SinkWriter::~SinkWriter() = default;

bool SinkWriter::is_busy() const {
  const MutexLock lock(state_->mutex);
  return state_->is_busy;
}

Result<> SinkWriter::result() const {
  const MutexLock lock(state_->mutex);
  return state_->result;
}

Result<> SinkWriter::write(Bytes bytes) {
  {
    const MutexLock lock(state_->mutex);
    if (!state_->result) {
      return state_->result;
    }
    state_->is_busy = true;
  }
  std::vector<std::byte> copy(bytes.begin(), bytes.end());
  call(pool_, [state = state_, copy = std::move(copy), notice = notice_] {
    Result<> written = state->sink->write(copy);
    {
      const MutexLock lock(state->mutex);
      state->result = std::move(written);
      state->is_busy = false;
    }
    notice();
  });
  return {};
}

}  // namespace sluice::outgoing
