// SPDX-License-Identifier: MIT
#include "upload/engine_core.h"

#include <utility>

namespace sluice::upload {

using runtime::Task;

EngineCore::EngineCore(EngineParts engine_parts, delivery::Handover& engine_handover,
                       EngineSettings engine_settings, const journal::Promises& before)
    : parts(engine_parts),
      handover(engine_handover),
      settings(std::move(engine_settings)),
      admission(parts.store, settings->admission, before),
      uploads(parts.journal, admission, parts.announcer, parts.clock),
      peers(parts.journal, uploads, admission, handover, parts.log),
      deferred({parts.journal, parts.store, uploads, parts.log, parts.metrics}),
      tools{parts.store,
            parts.buffers,
            parts.clock,
            parts.metrics,
            settings,
            &peers,
            settings->defers_syncs ? &deferred : nullptr} {}

void hand_over(EngineCore& core, const LiveUpload& upload) {
  core.parts.log.info("upload received", {{"upload", upload.id()}});
  core.handover.submit(upload.record());
}

Task<Result<>> remove_blob(LiveUpload& upload, store::Store& store) {
  if (!co_await upload.cut_all(Errc::not_found, limits::takeover_wait_max)) {
    co_return fail(Errc::overloaded, "a request for this upload is still being stored");
  }
  if (const Result<> removed = co_await store.remove(upload.id()); !removed) {
    co_return fail(removed.error());
  }
  BlobRemoved event;
  const Result<Transition> committed = co_await upload.commit(event);
  if (!committed) {
    co_return fail(committed.error());
  }
  co_return Result<>();
}

Task<Result<bool>> abort_upload(EngineCore& core, LiveUpload& upload, std::string reason) {
  Aborted event{core.parts.clock.now() + core.settings->expiry.finished, std::move(reason)};
  const Result<Transition> committed = co_await upload.commit(std::move(event));
  if (!committed) {
    co_return fail(committed.error());
  }
  if (!committed->remove_blob) {
    co_return false;
  }
  core.peers.changed(upload.id());
  if (const Result<> removed = co_await remove_blob(upload, core.parts.store); !removed) {
    co_return fail(removed.error());
  }
  co_return true;
}

}  // namespace sluice::upload
