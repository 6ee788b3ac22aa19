// SPDX-License-Identifier: MIT
#include "upload/sweep.h"

#include <utility>

namespace sluice::upload {

Sweep::Sweep(runtime::Executor executor, Steps steps, Duration pause, Log& log)
    : executor_(std::move(executor)), steps_(std::move(steps)), pause_(pause), log_(log) {}

void Sweep::start() {
  runtime::start(executor_, log_, "sweep", run());
}

runtime::Task<> Sweep::run() {
  bool begins = true;
  Duration pause = Duration::zero();
  while (!co_await stopping_.wait(pause)) {
    if (begins) {
      co_await steps_.clean();
    }
    const Result<Reaped> reaped = co_await steps_.reap();
    if (!reaped) {
      log_.warn("the reaper could not read the journal", {{"reason", reaped.error().message()}});
    }
    begins = !reaped || !reaped->has_more;
    pause = begins ? pause_ : Duration::zero();
  }
}

}  // namespace sluice::upload
