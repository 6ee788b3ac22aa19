// SPDX-License-Identifier: MIT
// The bodies of answers that are too large for the journal: answers/<id> (docs/format.md).
#pragma once

#include <cstdint>
#include <memory>

#include "base/error.h"
#include "model/answer.h"
#include "runtime/byte_source.h"
#include "runtime/task.h"
#include "store/named_files.h"

namespace sluice::store {

// Any thread. Which of the files count is the journal's knowledge. Failures are those of
// `files`.
class AnswerFiles {
 public:
  // `files` outlives this and what open() gives.
  explicit AnswerFiles(NamedFiles& files) : files_(files) {}

  // Begins the body of an upload's answer anew. Blocks.
  Result<std::unique_ptr<NewFile>> create(std::uint64_t upload_id);
  // From the first byte. `answer` lives until this returns. storage_failed when the file does not
  // have Answer::spilled_bytes.
  runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> open(std::uint64_t upload_id,
                                                                   const model::Answer& answer);
  // Durably. A file that is not there is as good as removed.
  runtime::Task<Result<>> remove(std::uint64_t upload_id);

 private:
  NamedFiles& files_;
};

}  // namespace sluice::store
