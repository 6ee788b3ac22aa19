// SPDX-License-Identifier: MIT
// Shows uploads, ends them, and hands them over again, as the operator wants.
#pragma once

#include "upload/concatenations.h"
#include "upload/engine_core.h"
#include "upload/operations.h"

namespace sluice::upload {

class EngineOperations final : public Operations {
 public:
  EngineOperations(EngineCore& core, Concatenations& concatenations)
      : core_(core), concatenations_(concatenations) {}

  runtime::Task<Result<std::vector<UploadView>>> list(journal::UploadQuery query) override;
  runtime::Task<Result<UploadView>> find(std::uint64_t upload_id) override;
  std::vector<std::shared_ptr<const LiveUpload>> live() override;
  UploadView look_at(const LiveUpload& upload) const override;
  runtime::Task<Result<UploadView>> abort(std::uint64_t upload_id) override;
  runtime::Task<Result<SnapshotPtr>> retry(std::uint64_t upload_id) override;
  runtime::Task<Result<UploadView>> release(std::uint64_t upload_id) override;
  runtime::Task<Result<UploadView>> refuse(std::uint64_t upload_id, std::string words) override;
  runtime::Task<Result<RetriedPage>> retry_all(RetryRange range) override;

 private:
  UploadView view_of(model::UploadRecord record) const;
  runtime::Task<Result<std::shared_ptr<LiveUpload>>> load(std::uint64_t upload_id);
  // What the operator has decided about a file that is set aside; handed over where that follows.
  runtime::Task<Result<UploadView>> decide(std::uint64_t upload_id, Event event);

  EngineCore& core_;
  Concatenations& concatenations_;
};

}  // namespace sluice::upload
