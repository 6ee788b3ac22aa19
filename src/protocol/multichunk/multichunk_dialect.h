// SPDX-License-Identifier: MIT
// Multi-chunk sessions: parts of several files in any order, at the location that the Panda dialect
// opened (docs/protocol.md).
#pragma once

#include <vector>

#include "http/message.h"
#include "protocol/call.h"
#include "protocol/dialect.h"
#include "protocol/digest_source.h"
#include "protocol/multichunk/chunked_file.h"
#include "runtime/task.h"
#include "upload/engine.h"

namespace sluice::protocol::multichunk {

class MultichunkDialect final : public Dialect {
 public:
  // The engine outlives the dialect. Any thread may call.
  explicit MultichunkDialect(upload::Engine& engine) : engine_(engine) {}

  // No record has it: the sessions are Panda's.
  const char* name() const noexcept override { return "multichunk"; }
  // A PUT or POST that names a part.
  bool recognises(const http::Request& request) const override;
  bool has(http::Method method) const noexcept override;
  runtime::Task<Answer> handle(Call& call) override;

  // Answers another dialect's request about an upload with a layout: only that tells whose it is.
  runtime::Task<Answer> answer(Call& call, const upload::Snapshot& snapshot);

 private:
  struct Part {
    ChunkedFile file;
    ByteRange range;
    std::vector<ExpectedDigest> digests;  // Of the body.
  };

  // GET.
  runtime::Task<Answer> describe(Call& call, const upload::Snapshot& asked);
  // PUT or POST without a part: it touches nothing (panda-clients 4.5).
  runtime::Task<Answer> answer_stray(Call& call, const upload::Snapshot& snapshot);
  runtime::Task<Result<Part>> part_of(Call& call);
  runtime::Task<Result<upload::SnapshotPtr>> append(Call& call, const Part& part);
  runtime::Task<Result<upload::SnapshotPtr>> append_checked(Call& call, const Part& part);
  runtime::Task<Answer> part_answer(const upload::Snapshot& snapshot, const ChunkedFile& file);
  runtime::Task<Answer> description(const upload::Snapshot& snapshot, const ChunkedFile& file);
  // REQUIRES: there is an answer, or the hand-off has failed.
  runtime::Task<Answer> final_answer(const upload::Snapshot& snapshot);
  runtime::Task<Answer> pending(Call& call, Error error);

  upload::Engine& engine_;
};

}  // namespace sluice::protocol::multichunk
