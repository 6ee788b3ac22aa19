// SPDX-License-Identifier: MIT
// Brings finished files to the backend, one attempt at a time for each, again and again until there
// is an answer, across restarts. The journal lists the due attempts; the outbox makes them.
//
// Where the journal is shared, each node has an errand for each upload that it knows to be
// undelivered. Before an attempt it claims the upload and reads the state that other nodes have
// left; it holds the claim until the outcome is written down.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/changeable.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "delivery/backend.h"
#include "delivery/checks.h"
#include "delivery/handover.h"
#include "delivery/ledger.h"
#include "delivery/retry_delay.h"
#include "delivery/turns.h"
#include "journal/journal.h"
#include "runtime/event.h"
#include "runtime/task.h"

namespace sluice::delivery {

struct OutboxSettings {
  RetryDelays delays;
  // From then on a failed attempt is the last. Since the file was complete.
  Duration give_up_after = limits::delivery_give_up_default;
  std::size_t at_once = limits::deliveries_at_once_default;  // Attempts.
  journal::Lease lease = {};                                 // On what is being attempted.
  Checks* checks = nullptr;  // Before the first attempt; null: every file is taken.
};

// Lives on one worker's executor; submit() may be called from any.
class Outbox final : public Handover {
 public:
  Outbox(journal::Journal& journal, Backend& backend, runtime::Executor executor, Clock& clock,
         Metrics& metrics, Log& log, const OutboxSettings& settings);
  ~Outbox() override;

  // Begins to work, with what earlier processes left undelivered first. `ledger` outlives the
  // outbox.
  void open(Ledger& ledger);

  // An upload that does not fit in memory is found again in the journal.
  void submit(model::UploadRecord record) override;
  void hurry(std::uint64_t upload_id) override;
  Preview preview(const model::UploadRecord& record) const override {
    return backend_.preview(handoff_of(record));
  }
  runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> read_delivered(
      model::UploadRecord record, ByteRange range) override;

  // For pauses that begin from now on. REQUIRES: the other settings are the same. Any thread.
  void change(const OutboxSettings& settings) { settings_.replace(settings); }

  // Begins no further attempt. True when the running ones have ended within `timeout`. On the
  // outbox's executor.
  runtime::Task<bool> close(Duration timeout);

 private:
  // An upload whose hand-off goes on.
  struct Errand {
    std::shared_ptr<runtime::Event> hurry;       // Ends the pause.
    std::optional<model::UploadRecord> renewed;  // Submitted again, in a later round.
  };

  runtime::Task<> take_up_undelivered();
  // A part of the journal that is to be read, since there is room for what waits in it.
  struct Backlog {
    std::uint64_t after = 0;           // Uploads behind this one.
    std::optional<std::string> owner;  // Until this owner has no more room. Unset: all owners'.
  };
  std::optional<Backlog> next_backlog();
  runtime::Task<Result<>> read_backlog(Backlog backlog);
  // Takes the upload up, or remembers that it waits in the journal.
  void take_up(model::UploadRecord record);
  bool has_room_for(const model::UploadRecord& record);
  std::size_t errands_of(const std::string& owner) const;
  runtime::Task<> deliver_until_answered(model::UploadRecord record);
  // A round of attempts as this node knows it.
  struct Round {
    unsigned attempts = 0;  // Made, by all nodes.
    Timestamp not_before;   // The next one.
    bool is_cleared;        // As in the record.
  };
  // Next to do with an upload whose pause is over: with `pause`, until round.not_before.
  enum class Next { attempt, pause, end };
  // Claims the upload where the answer is `attempt`.
  runtime::Task<Next> claim(const model::UploadRecord& record, Round& round);
  runtime::Task<> release(std::uint64_t upload_id);
  runtime::Task<> renew_claims(std::shared_ptr<runtime::Event> all_released);
  // True when no further attempt is to follow.
  runtime::Task<bool> attempt_and_note(const model::UploadRecord& record, Round& round,
                                       std::optional<Turns::Turn> turn);
  runtime::Task<> look_for_orphans();
  runtime::Task<> pause_until(std::uint64_t upload_id, Timestamp not_before);
  // Why an attempt brought no answer that is final and durable.
  struct Setback {
    Error reason;
    Duration wait{0};  // The next attempt comes not before that, as far as the settings allow.
  };
  // Nothing: there is an answer and it is durable.
  runtime::Task<std::optional<Setback>> attempt(const model::UploadRecord& record, Round& round);
  // The same of the checks, where the file has not passed them: `goes_on` when it has now.
  runtime::Task<std::optional<Setback>> check(const model::UploadRecord& record,
                                              const Handoff& handoff, Round& round, bool& goes_on);
  runtime::Task<std::optional<Setback>> keep_answer(const model::UploadRecord& record,
                                                    Delivery delivery, const char* refused);
  void log_setback(const char* event, const model::UploadRecord& record, const Round& round,
                   const Error& reason);
  void log_end(const model::UploadRecord& record, int status, const std::string& reason,
               const char* refused);
  runtime::Task<bool> give_up(const model::UploadRecord& record, unsigned attempts, Error reason);
  void end_errand(const model::UploadRecord& record);
  runtime::Task<Result<Delivery>> ask_backend(const Handoff& handoff);
  runtime::Task<Result<Verdict>> ask_checks(const Handoff& handoff);

  journal::Journal& journal_;
  Backend& backend_;
  const runtime::Executor executor_;
  Clock& clock_;
  Metrics& metrics_;
  Log& log_;
  Changeable<OutboxSettings> settings_;
  Ledger* ledger_ = nullptr;

  // Used on the executor's thread only.
  runtime::TaskGroup tasks_;
  std::map<std::uint64_t, Errand> errands_;
  std::map<std::string, std::size_t> errands_of_owner_;
  bool more_in_journal_ = false;  // There was no room in memory.
  // Owners who had no room beside their other errands, and the first upload that waits for it.
  std::map<std::string, std::uint64_t> more_of_owner_;
  bool taking_up_ = false;
  std::set<std::uint64_t> claimed_;  // Being attempted.
  std::shared_ptr<runtime::Event> all_released_;
  Turns turns_;  // To attempt a hand-off.
  const std::shared_ptr<runtime::Event> closing_ = std::make_shared<runtime::Event>();
};

}  // namespace sluice::delivery
