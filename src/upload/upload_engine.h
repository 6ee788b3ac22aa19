// SPDX-License-Identifier: MIT
// The engine over a journal, a store and an outbox.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "delivery/handover.h"
#include "delivery/ledger.h"
#include "journal/journal.h"
#include "runtime/buffer_pool.h"
#include "store/answer_files.h"
#include "store/store.h"
#include "upload/admission.h"
#include "upload/announcer.h"
#include "upload/append.h"
#include "upload/deferred_syncs.h"
#include "upload/engine.h"
#include "upload/live_uploads.h"
#include "upload/operations.h"

namespace sluice::upload {

struct EngineSettings {
  AdmissionSettings admission;
  Expiry expiry;
  Duration answer_wait =
      limits::answer_wait_default;  // A client waits so long for the backend's answer.
  // A status query waits so long for what running requests have brought to be durable, and of that
  // so long for them to write it. Zero: what is written already.
  Duration status_wait = limits::status_wait_max;
  Duration arrival_wait = limits::arrival_wait_max;
  std::size_t answer_waiters_max = limits::answer_waiters_max;
  // Durability::interval and none: sync_deferred() has to be called then.
  bool defers_syncs = false;
};

// The references outlive the engine.
struct EngineParts {
  journal::Journal& journal;
  store::Store& store;
  store::AnswerFiles& answers;
  Announcer& announcer;
  runtime::BufferPool& buffers;
  Clock& clock;
  Metrics& metrics;
  Log& log;
};

struct Reaped {
  std::size_t count = 0;  // Uploads that were removed, or their bytes.
  bool has_more = false;
};

class UploadEngine final : public Engine, public Operations, public delivery::Ledger {
 public:
  UploadEngine(EngineParts parts, delivery::Handover& handover, EngineSettings settings);

  runtime::Task<Result<Snapshot>> create(NewUpload request) override;
  runtime::Task<Result<Snapshot>> status(std::string token) override;
  runtime::Task<Result<Snapshot>> peek(std::string token) override;
  runtime::Task<std::uint64_t> number_of(std::string token) override;
  runtime::Task<Result<SnapshotPtr>> append(const std::string& token, Piece piece,
                                            runtime::ByteSource& body) override;
  runtime::Task<Result<Snapshot>> take_file(NewUpload outline, runtime::ByteSource& body,
                                            FileIdentity& identity) override;
  runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> open_answer(
      std::uint64_t upload_id, std::uint64_t size) override;
  runtime::Task<Result<>> abort(std::string token) override;

  runtime::Task<Result<Snapshot>> retry(std::uint64_t upload_id) override;
  runtime::Task<Result<RetriedPage>> retry_all(RetryRange range) override;

  void began(const std::string& token) override;
  runtime::Task<Result<>> failed(std::string token, unsigned attempts,
                                 Timestamp next_attempt_at) override;
  runtime::Task<Result<>> gave_up(std::string token, unsigned attempts,
                                  std::string reason) override;
  runtime::Task<Result<>> answered(std::string token, delivery::Delivery delivery) override;

  // Removes unfinished uploads that are not continued, finished ones that are kept no longer,
  // and bytes without a use. A batch of them: the next call goes on behind it, or
  // begins anew when there is no more.
  runtime::Task<Result<Reaped>> reap();

  const EngineSettings& settings() const noexcept { return settings_; }

  // As DeferredSyncs::round().
  runtime::Task<Result<bool>> sync_deferred() { return deferred_.round(); }

 private:
  journal::UploadRecord new_record(std::uint64_t file_size, std::string owner);
  // A clock that was set makes the journal forget no signature before its time.
  journal::UseSignature used(journal::UseSignature use) const;
  Snapshot snapshot_of(const LiveUpload& upload) const;
  // Inlined, the values of these would stay in the frame of append().
  [[gnu::noinline]] Result<> check_piece(const LiveUpload& upload, const Piece& piece,
                                         const runtime::ByteSource& body) const;
  runtime::Task<Result<SnapshotPtr>> wait_for_answer(LiveUpload& upload);
  // not_found for one that is over.
  Result<Snapshot> present(const LiveUpload& upload) const;
  [[gnu::noinline]] Result<SnapshotPtr> present_on_heap(const LiveUpload& upload) const;
  [[gnu::noinline]] void log_early_end(const LiveUpload& upload, const Error& error) const;
  [[gnu::noinline]] void hand_over(const LiveUpload& upload);
  runtime::Task<Result<>> remove_blob(LiveUpload& upload);
  // The file's own record, with the file durable in the store and the journal.
  runtime::Task<Result<journal::UploadRecord>> receive_file(LiveUpload& upload,
                                                            runtime::ByteSource& body,
                                                            FileIdentity& identity);
  runtime::Task<Result<std::uint64_t>> store_file(LiveUpload& upload, runtime::ByteSource& body);
  runtime::Task<> discard_file(LiveUpload& upload, const Error& reason);
  // Whether the upload's time is over, and no request may go on with it.
  bool is_over(const LiveUpload& upload, Timestamp now) const;
  // False when nothing had to go.
  runtime::Task<Result<bool>> reap_one(const journal::UploadRecord& record);

  EngineParts parts_;
  delivery::Handover& handover_;
  const EngineSettings settings_;
  Admission admission_;
  LiveUploads uploads_;
  DeferredSyncs deferred_;
  const AppendTools tools_;         // Of pieces.
  const AppendTools synced_tools_;  // Of what is synced before anything of it is acknowledged.
  std::atomic<std::size_t> waiters_ = 0;  // Clients that wait for an answer.
  // Where the reaper's last batch ended.
  journal::ExpiryPosition due_after_;
  std::uint64_t leftover_after_ = 0;
};

}  // namespace sluice::upload
