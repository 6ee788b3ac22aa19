// SPDX-License-Identifier: MIT
#include "upload/handoff_ledger.h"

#include <memory>
#include <utility>

#include "base/limits.h"

namespace sluice::upload {

using runtime::Task;

void HandoffLedger::began(const std::string& token) {
  if (const std::shared_ptr<LiveUpload> upload = core_.uploads.find_in_memory(token)) {
    upload->note(AttemptBegan{});
  }
}

Task<Result<>> HandoffLedger::note(std::string token, Event event) {
  const auto found = co_await core_.uploads.find(token);
  if (!found) {
    co_return fail(found.error());
  }
  const Result<Transition> committed = co_await (*found)->commit(std::move(event));
  if (!committed) {
    co_return fail(committed.error());
  }
  if (!is_being_handed_over((*found)->state())) {
    core_.peers.changed((*found)->id());
  }
  co_return Result<>();
}

Task<Result<>> HandoffLedger::failed(std::string token, unsigned attempts,
                                     Timestamp next_attempt_at, std::string reason) {
  Event event = AttemptFailed{attempts, next_attempt_at, std::move(reason)};
  co_return co_await note(std::move(token), std::move(event));
}

Task<Result<>> HandoffLedger::cleared(std::string token) {
  Event event = Cleared{};
  co_return co_await note(std::move(token), std::move(event));
}

Task<Result<>> HandoffLedger::set_aside(std::string token, std::string reason) {
  const Timestamp now = core_.parts.clock.now();
  Event event = SetAside{std::move(reason), now, now + core_.settings->expiry.failed};
  co_return co_await note(std::move(token), std::move(event));
}

Task<Result<>> HandoffLedger::gave_up(std::string token, unsigned attempts, std::string reason) {
  const Timestamp now = core_.parts.clock.now();
  Event event = GaveUp{attempts, std::move(reason), now, now + core_.settings->expiry.failed};
  co_return co_await note(std::move(token), std::move(event));
}

Task<Result<>> HandoffLedger::answered(std::string token, delivery::Delivery delivery) {
  const auto found = co_await core_.uploads.find(token);
  if (!found) {
    co_return fail(found.error());
  }
  LiveUpload& upload = **found;
  const Timestamp now = core_.parts.clock.now();
  const bool is_refused = delivery.answer.status >= 400;
  const Duration kept_for =
      is_refused ? core_.settings->expiry.refused : core_.settings->expiry.finished;
  Answered event{std::move(delivery.answer), delivery.blob_taken, now, now + kept_for};
  const Result<Transition> committed =
      co_await upload.commit(std::move(event), std::move(delivery.changes));
  if (!committed) {
    co_return fail(committed.error());
  }
  core_.peers.changed(upload.id());
  if (committed->remove_blob) {
    if (const Result<> removed = co_await remove_blob(upload, core_.parts.store); !removed) {
      core_.parts.log.warn("bytes of a finished upload stay for the reaper",
                           {{"upload", upload.id()}, {"reason", removed.error().message()}});
    }
  } else {
    // A request that still sends bytes of the file gets the answer now.
    (void)co_await upload.cut_all(Errc::not_found, limits::takeover_wait_max);
  }
  co_return Result<>();
}

}  // namespace sluice::upload
