// SPDX-License-Identifier: MIT
// Multi-chunk sessions: parts of several files in any order, at the location that the Panda dialect
// opened (docs/protocol.md).
#pragma once

#include <string>

#include "http/message.h"
#include "protocol/call.h"
#include "protocol/chunked_file.h"
#include "runtime/task.h"
#include "upload/engine.h"

namespace sluice::protocol {

class MultichunkDialect {
 public:
  // The engine outlives the dialect. Any thread may call.
  explicit MultichunkDialect(upload::Engine& engine) : engine_(engine) {}

  // A PUT or POST that sends a part.
  static bool names_part(const http::Request& request);

  // At a location; the token is the call's capture.
  runtime::Task<Answer> receive_part(Call& call);
  // GET. The snapshot is of an upload that has a layout.
  runtime::Task<Answer> describe(Call& call, const upload::Snapshot& asked);
  // Whatever else is sent to such an upload: it touches nothing (panda-clients 4.5).
  runtime::Task<Answer> answer_stray(Call& call, const upload::Snapshot& snapshot);

 private:
  struct Part {
    ChunkedFile file;
    ByteRange range;
  };

  runtime::Task<Result<Part>> part_of(Call& call);
  runtime::Task<Answer> part_answer(const upload::Snapshot& snapshot, const ChunkedFile& file);
  runtime::Task<Answer> description(const upload::Snapshot& snapshot, const ChunkedFile& file);
  // REQUIRES: there is an answer, or the hand-off has failed.
  runtime::Task<Answer> final_answer(const upload::Snapshot& snapshot);
  runtime::Task<Answer> pending(Call& call, Error error);

  upload::Engine& engine_;
};

}  // namespace sluice::protocol
