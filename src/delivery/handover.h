// SPDX-License-Identifier: MIT
// Where the engine puts finished files.
#pragma once

#include <cstdint>

#include "delivery/backend.h"
#include "model/upload.h"

namespace sluice::delivery {

class Handover {
 public:
  virtual ~Handover() = default;

  // Any thread. The upload is `received` and durable.
  virtual void submit(model::UploadRecord record) = 0;
  // Any thread. Ends the pause before this upload's next attempt.
  virtual void hurry(std::uint64_t upload_id) = 0;
  // Any thread. Facts about the upload that are known before it is complete.
  virtual Preview preview(const model::UploadRecord& record) const {
    return {handoff_of(record).idempotency_key, std::nullopt};
  }
  // Any thread. As Backend::read_delivered().
  virtual runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> read_delivered(
      model::UploadRecord /*record*/, ByteRange /*range*/) {
    co_return fail(Errc::not_found, "there is no file");
  }
};

}  // namespace sluice::delivery
