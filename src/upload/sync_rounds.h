// SPDX-License-Identifier: MIT
// When the bytes that are acknowledged and not yet synced get their sync: once an interval, and
// before the end of the program.
#pragma once

#include <functional>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "runtime/event.h"
#include "runtime/part.h"
#include "runtime/task.h"

namespace sluice::upload {

// Runs on one worker's executor and outlives its loop.
class SyncRounds final : public runtime::Part {
 public:
  // True: more is waiting. Never two at once.
  using Round = std::function<runtime::Task<Result<bool>>()>;

  struct Settings {
    Duration interval;
    // Requests leave bytes unsynced. False: there are rounds all the same until one has succeeded
    // and left nothing, for what an earlier process has left.
    bool defers = false;
  };

  // A round that fails after one that did not is logged.
  SyncRounds(runtime::Executor executor, Round round, const Settings& settings, Log& log);

  void start() override;
  // A last round where syncs are deferred; a round under way ends first.
  void drain() override;

 private:
  runtime::Task<> run();
  runtime::Task<> run_last();
  void complain(const Error& error);

  const runtime::Executor executor_;
  const Round round_;
  const Settings settings_;
  Log& log_;
  runtime::Event stopping_;
  runtime::Event ended_;
};

}  // namespace sluice::upload
