// SPDX-License-Identifier: MIT
// The bytes that a transfer reads from files and writes into them, on a pool's threads: a disk that
// does not answer holds up that one transfer, and neither the client's thread nor its end. For
// Transfer alone, whose thread makes all calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/error.h"
#include "outgoing/http_request.h"
#include "runtime/blocking_pool.h"

namespace sluice::outgoing {

// Called on a thread of the pool, perhaps when the transfer has long ended.
using Notice = std::function<void()>;

// Reads a piece ahead of the bytes that are sent. A text is read where it stands.
class BodyReader {
 public:
  BodyReader(std::shared_ptr<const Body> body, runtime::BlockingPool& pool, Notice notice);
  ~BodyReader();

  // As Body::read_at(). Unset: the bytes are on their way, and a notice comes when they are here.
  std::optional<Result<std::size_t>> read(std::uint64_t offset, MutableBytes into);

 private:
  struct Piece;

  void begin_piece(std::uint64_t offset);

  const std::shared_ptr<const Body> body_;
  runtime::BlockingPool& pool_;
  const Notice notice_;
  std::shared_ptr<Piece> piece_;  // Also the call's that reads it.
};

// Writes one piece after the other.
class SinkWriter {
 public:
  SinkWriter(std::shared_ptr<AnswerSink> sink, runtime::BlockingPool& pool, Notice notice);
  ~SinkWriter();

  // The piece before is not written yet; a notice comes when it is.
  bool is_busy() const;
  // Begins to write a copy, when it is not busy; the outcome of the write before.
  Result<> write(Bytes bytes);
  // The outcome of the last write, when it is not busy.
  Result<> result() const;

 private:
  struct State;

  runtime::BlockingPool& pool_;
  const Notice notice_;
  const std::shared_ptr<State> state_;  // Also the call's that writes.
};

}  // namespace sluice::outgoing
