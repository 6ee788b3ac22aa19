// SPDX-License-Identifier: MIT
// The body of a backend's answer on its way into the journal: a small one in memory, a larger one
// in a file, an endless one not at all.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/error.h"
#include "model/answer.h"
#include "store/answer_files.h"

namespace sluice::delivery {

// For one attempt of one upload, one call after the other, on threads that may block.
class AnswerBody {
 public:
  // A body of more than `bytes_max` is refused; one of more than limits::answer_bytes_max is
  // spilled.
  AnswerBody(store::AnswerFiles& files, std::uint64_t upload_id, std::uint64_t bytes_max)
      : files_(files), upload_id_(upload_id), bytes_max_(bytes_max) {}

  // delivery_failed when the body gets too long, else what the store says. No further call after an
  // error.
  Result<> append(Bytes bytes);
  // Durable when it returns: `answer` may be committed.
  Result<> finish(model::Answer& answer);

 private:
  Result<> spill();

  store::AnswerFiles& files_;
  const std::uint64_t upload_id_;
  const std::uint64_t bytes_max_;
  std::string held_;  // Not in the file yet.
  std::uint64_t size_ = 0;
  std::unique_ptr<store::NewFile> file_;  // Null while all of it is held.
};

}  // namespace sluice::delivery
