// SPDX-License-Identifier: MIT
#include "upload/sync_rounds.h"

#include <utility>

#include "base/limits.h"

namespace sluice::upload {

SyncRounds::SyncRounds(runtime::Executor executor, Round round, const Settings& settings, Log& log)
    : executor_(std::move(executor)), round_(std::move(round)), settings_(settings), log_(log) {}

void SyncRounds::start() {
  runtime::start(executor_, log_, "sync", run());
}

runtime::Task<> SyncRounds::run() {
  bool goes_on = true;
  bool is_failing = false;
  while (goes_on && !co_await stopping_.wait(settings_.interval)) {
    const Result<bool> more = co_await round_();
    if (!more && !is_failing) {
      complain(more.error());
    }
    is_failing = !more;
    goes_on = settings_.defers || is_failing || *more;
  }
  ended_.set();
}

void SyncRounds::drain() {
  stopping_.set();
  if (settings_.defers) {
    runtime::run_and_wait(executor_, log_, "last sync", run_last());
  }
}

runtime::Task<> SyncRounds::run_last() {
  Result<bool> synced = fail(Errc::storage_failed, "a sync does not end");
  if (co_await ended_.wait(limits::last_sync_wait_max)) {
    synced = co_await round_();
  }
  if (!synced) {
    complain(synced.error());
  }
}

void SyncRounds::complain(const Error& error) {
  log_.error("acknowledged bytes are not synced", {{"reason", error.message()}});
}

}  // namespace sluice::upload
