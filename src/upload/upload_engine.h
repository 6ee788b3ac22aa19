// SPDX-License-Identifier: MIT
// The engine over a journal, a store and an outbox.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "upload/concatenations.h"
#include "upload/engine.h"
#include "upload/engine_core.h"
#include "upload/engine_operations.h"
#include "upload/handoff_ledger.h"
#include "upload/intake.h"
#include "upload/reaper.h"

namespace sluice::upload {

class UploadEngine final : public Engine {
 public:
  // `before`: the promises of earlier processes.
  UploadEngine(EngineParts parts, delivery::Handover& handover, EngineSettings settings,
               const journal::Promises& before);

  runtime::Task<Result<SnapshotPtr>> create(NewUpload request) override;
  runtime::Task<Result<SnapshotPtr>> status(std::string token) override;
  runtime::Task<Result<SnapshotPtr>> declare_size(std::string token,
                                                  std::uint64_t file_size) override;
  runtime::Task<Result<SnapshotPtr>> peek(std::string token) override;
  runtime::Task<Result<Label>> label_of(std::string token) override;
  runtime::Task<Result<SnapshotPtr>> append(const std::string& token, Piece piece,
                                            runtime::ByteSource& body) override;
  runtime::Task<Result<SnapshotPtr>> wait_for_made(std::string token) override;
  runtime::Task<Result<SnapshotPtr>> take_file(NewUpload outline, runtime::ByteSource& body,
                                               FileIdentity& identity) override;
  runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> open_answer(
      std::uint64_t upload_id, const model::Answer& answer) override;
  runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> open_file(std::string token,
                                                                        ByteRange range) override;
  runtime::Task<Result<>> abort(std::string token) override;

  Operations& operations() noexcept { return operations_; }
  delivery::Ledger& ledger() noexcept { return ledger_; }
  Reaper& reaper() noexcept { return reaper_; }
  // Before the concatenations are opened.
  Peers& peers() noexcept { return core_.peers; }
  Concatenations& concatenations() noexcept { return concatenations_; }
  DeferredSyncs& deferred_syncs() noexcept { return core_.deferred; }
  const EngineSettings& settings() const noexcept { return *core_.settings; }
  // For what begins from now on; whether syncs are deferred stays as it was. Any thread.
  void change(EngineSettings settings);

 private:
  SnapshotPtr snapshot_of(const LiveUpload& upload) const;
  runtime::Task<Result<>> learn_size(LiveUpload& upload, std::uint64_t file_size);
  runtime::Task<bool> wait_until_decided(LiveUpload& upload,
                                         std::shared_ptr<runtime::Event> decided);
  runtime::Task<Result<SnapshotPtr>> wait_for_answer(LiveUpload& upload);
  // not_found for an upload that is over.
  Result<SnapshotPtr> present(const LiveUpload& upload) const;
  void log_early_end(const LiveUpload& upload, const Error& error) const;

  EngineCore core_;
  Intake intake_{core_};
  Concatenations concatenations_{core_};
  EngineOperations operations_{core_, concatenations_};
  HandoffLedger ledger_{core_};
  Reaper reaper_{core_, concatenations_};
  std::atomic<std::size_t> waiters_ = 0;  // Clients that wait for an answer.
};

}  // namespace sluice::upload
