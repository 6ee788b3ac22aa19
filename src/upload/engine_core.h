// SPDX-License-Identifier: MIT
// The state that the classes behind the engine's interfaces share: its settings, the parts that it
// works with, and the uploads in memory.
#pragma once

#include <cstdint>
#include <string>

#include "base/changeable.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "delivery/handover.h"
#include "journal/journal.h"
#include "runtime/buffer_pool.h"
#include "store/answer_files.h"
#include "store/store.h"
#include "upload/admission.h"
#include "upload/announcer.h"
#include "upload/append.h"
#include "upload/deferred_syncs.h"
#include "upload/live_uploads.h"
#include "upload/peers.h"

namespace sluice::upload {

struct EngineSettings {
  AdmissionSettings admission;
  Expiry expiry;
  Duration answer_wait =
      limits::answer_wait_default;  // A client waits so long for the backend's answer.
  // A status query waits so long for what running requests have brought to be durable, and of that
  // so long for them to write it. Zero: only for bytes that are written already.
  Duration status_wait = limits::status_wait_max;
  Duration arrival_wait = limits::arrival_wait_max;
  std::size_t answer_waiters_max = limits::answer_waiters_max;
  // Durability::interval and none: DeferredSyncs::round() has to be called then.
  bool defers_syncs = false;
  journal::Lease lease = {};  // On files that are being made of partial uploads.
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

// Owned by the UploadEngine, which outlives the classes that refer to it. Any worker.
struct EngineCore {
  EngineCore(EngineParts engine_parts, delivery::Handover& engine_handover,
             EngineSettings engine_settings, const journal::Promises& before);

  const EngineParts parts;
  delivery::Handover& handover;
  Changeable<EngineSettings> settings;
  Admission admission;
  LiveUploads uploads;
  Peers peers;
  DeferredSyncs deferred;
  const AppendTools tools;
};

// The upload is complete and durable.
void hand_over(EngineCore& core, const LiveUpload& upload);

// Cuts the requests off that still write, then removes the blob and tells the journal: a blob is
// made when bytes come.
runtime::Task<Result<>> remove_blob(LiveUpload& upload, store::Store& store);
// Ends an upload that is being received and frees its bytes. False: it is complete or over, and
// stays as it is. May be repeated. `reason` is for its client, where that did not wish it.
runtime::Task<Result<bool>> abort_upload(EngineCore& core, LiveUpload& upload,
                                         std::string reason = {});

}  // namespace sluice::upload
