// SPDX-License-Identifier: MIT
// Deletes, again and again, what has expired and what a crash has left behind.
#pragma once

#include <functional>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "runtime/event.h"
#include "runtime/part.h"
#include "runtime/task.h"
#include "upload/upload_engine.h"

namespace sluice::upload {

// Runs on one worker's executor and outlives its loop.
class Sweep final : public runtime::Part {
 public:
  // A round is `clean`, then `reap` until nothing more is due.
  struct Steps {
    std::function<runtime::Task<>()> clean;
    std::function<runtime::Task<Result<Reaped>>()> reap;
  };

  // The first round comes at once, the others `pause` after the one before. A journal that cannot
  // be read is logged and ends the round.
  Sweep(runtime::Executor executor, Steps steps, Duration pause, Log& log);

  void start() override;
  // Does not wait for the step that is under way: each may end anywhere.
  void drain() override { stopping_.set(); }

 private:
  runtime::Task<> run();

  const runtime::Executor executor_;
  const Steps steps_;
  const Duration pause_;
  Log& log_;
  runtime::Event stopping_;
};

}  // namespace sluice::upload
