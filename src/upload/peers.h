// SPDX-License-Identifier: MIT
// The other nodes that share the journal: what they hear of this one at once, and what this one
// does when it hears of them. Where the journal is not shared, nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/log.h"
#include "delivery/handover.h"
#include "journal/journal.h"
#include "journal/signals.h"
#include "runtime/event.h"
#include "runtime/task.h"
#include "upload/admission.h"
#include "upload/live_uploads.h"

namespace sluice::upload {

// All that it says is a hint. What is lost is made up for: a request whose bytes are stored by
// another compares them, and a client that waits for an answer looks for it every
// limits::shared_look_pause.
class Peers {
 public:
  // All of them outlive it.
  Peers(journal::Journal& journal, LiveUploads& uploads, Admission& admission,
        delivery::Handover& handover, Log& log);

  // Begins to listen, and to look every limits::shared_counts_pause how many uploads there are. The
  // executor outlives what it begins.
  // `follows` is called, on the executor, with an upload that another node has changed.
  using Follow = std::function<void(const LiveUpload&)>;
  void open(const runtime::Executor& executor, Follow follows);
  // On the executor. True when all has ended within `timeout`.
  runtime::Task<bool> close(Duration timeout);

  // Any thread; they return at once.
  // A request of this node has begun to bring bytes of an upload that other nodes may be receiving.
  void took_over(const LiveUpload& upload, ByteRange range);
  void changed(std::uint64_t upload_id);
  void hurry(std::uint64_t upload_id);

 private:
  void send(journal::Signal signal);
  void hear(const journal::Signal& signal);
  runtime::Task<> follow(std::shared_ptr<LiveUpload> upload);
  runtime::Task<> keep_count();

  journal::Journal& journal_;
  LiveUploads& uploads_;
  Admission& admission_;
  delivery::Handover& handover_;
  std::optional<runtime::Executor> executor_;  // Constant from open() on, as the next.
  Follow follows_;
  std::optional<runtime::TaskGroup> tasks_;
  Log& log_;
  const std::shared_ptr<runtime::Event> closing_ = std::make_shared<runtime::Event>();
};

}  // namespace sluice::upload
