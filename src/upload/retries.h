// SPDX-License-Identifier: MIT
// Refused and failed uploads are handed over again, as the operator wants.
#pragma once

#include "upload/engine_core.h"
#include "upload/operations.h"

namespace sluice::upload {

class Retries final : public Operations {
 public:
  explicit Retries(EngineCore& core) : core_(core) {}

  runtime::Task<Result<SnapshotPtr>> retry(std::uint64_t upload_id) override;
  runtime::Task<Result<RetriedPage>> retry_all(RetryRange range) override;

 private:
  EngineCore& core_;
};

}  // namespace sluice::upload
