// SPDX-License-Identifier: MIT
#include "delivery/answer_body.h"

#include <fmt/format.h>

#include <utility>

#include "base/limits.h"

namespace sluice::delivery {

Result<> AnswerBody::append(Bytes bytes) {
  if (bytes.size() > bytes_max_ - size_) {
    return fail(Errc::delivery_failed,
                fmt::format("the backend's answer has more than {} bytes", bytes_max_));
  }
  size_ += bytes.size();
  held_ += as_text(bytes);
  return held_.size() > limits::answer_bytes_max ? spill() : Result<>();
}

Result<> AnswerBody::finish(model::Answer& answer) {
  if (!file_) {
    answer.body = std::move(held_);
    answer.spilled_bytes = 0;
    return {};
  }
  if (const Result<> done = spill(); !done) {
    return done;
  }
  Result<std::string> suffix = file_->finish();
  if (!suffix) {
    return fail(suffix.error());
  }
  answer.body.clear();
  answer.spilled_bytes = size_;
  answer.spilled_as = *std::move(suffix);
  return {};
}

Result<> AnswerBody::spill() {
  if (!file_) {
    auto file = files_.create(upload_id_);
    if (!file) {
      return fail(file.error());
    }
    file_ = std::move(*file);
  }
  Result<> written = file_->append(as_bytes(held_));
  held_.clear();
  return written;
}

}  // namespace sluice::delivery
