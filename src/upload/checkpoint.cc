// SPDX-License-Identifier: MIT
#include "upload/checkpoint.h"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <iterator>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "upload/commit_bytes.h"
#include "upload/engine_core.h"

namespace sluice::upload {

using runtime::Task;
using std::chrono::steady_clock;

namespace {

class Ending {
 public:
  explicit Ending(LiveUpload& upload) : upload_(upload) {}
  ~Ending() { upload_.end_checkpoint(); }
  Ending(const Ending&) = delete;
  Ending& operator=(const Ending&) = delete;

 private:
  LiveUpload& upload_;
};

// Never finishes the file: its request still has to say that it ended as it should.
Task<Result<>> make_durable(LiveUpload& upload, const AppendTools& tools,
                            const std::vector<Arrived>& arrived) {
  BytesStored event;
  event.expires_at = next_expiry(upload, tools);
  event.may_finish = false;
  event.is_deferred = tools.deferred != nullptr && tools.deferred->has_room();
  for (const Arrived& one : arrived) {
    if (!event.is_deferred) {
      Result<Settled> settled = co_await settle_all(upload, *one.blob, one.ranges);
      if (!settled) {
        co_return fail(settled.error());
      }
      for (const ByteRange& range : settled->synced.ranges()) {
        event.synced.add(range);
      }
      std::ranges::move(settled->extents, std::back_inserter(event.extents));
    }
    for (const ByteRange& range : one.ranges.ranges()) {
      event.ranges.add(range);
    }
  }
  const bool is_deferred = event.is_deferred;
  const Result<Transition> committed =
      co_await commit_bytes(upload, std::move(event), arrived, tools.store);
  if (!committed) {
    co_return fail(committed.error());
  }
  if (is_deferred && committed->changed) {
    tools.deferred->add(upload.shared_from_this(), arrived.front().blob);
  }
  co_return Result<>();
}

// The requests that brought the bytes wait for its end (LiveUpload::wait_for_checkpoint).
Task<> run_checkpoint(std::shared_ptr<LiveUpload> upload, const AppendTools& tools, Log& log,
                      std::vector<Arrived> arrived) {
  const Ending ending(*upload);
  if (const Result<> durable = co_await make_durable(*upload, tools, arrived); !durable) {
    log.warn("bytes of a running request are not durable",
             {{"upload", upload->id()}, {"reason", durable.error().message()}});
  }
}

}  // namespace

Task<> settle_arrived(std::shared_ptr<LiveUpload> upload, const AppendTools& tools, Log& log,
                      CheckpointWaits waits) {
  if (!upload->keeps_broken_part()) {
    co_return;
  }
  const auto begin = steady_clock::now();
  while (upload->is_taking_bytes(limits::arrival_patience) &&
         steady_clock::now() - begin < waits.arrival) {
    co_await runtime::sleep_for(limits::arrival_patience);
  }
  const runtime::Executor executor = co_await boost::asio::this_coro::executor;
  for (bool is_own = false; !is_own;) {
    LiveUpload::Checkpoint checkpoint = upload->begin_checkpoint();
    if (!checkpoint.ended) {
      co_return;
    }
    is_own = !checkpoint.arrived.empty();
    if (is_own) {
      runtime::start(executor, log, "checkpoint",
                     run_checkpoint(upload, tools, log, std::move(checkpoint.arrived)));
    }
    const auto left = std::chrono::ceil<Duration>(begin + waits.whole - steady_clock::now());
    if (!co_await checkpoint.ended->wait(std::max(left, Duration::zero()))) {
      co_return;
    }
  }
}

Timestamp next_expiry(const LiveUpload& upload, const AppendTools& tools) {
  const Timestamp end = upload.created_at() + tools.settings->expiry.absolute;
  const Timestamp given = upload.expires_at();
  return given > end ? given : std::min(tools.clock.now() + tools.settings->expiry.idle, end);
}

}  // namespace sluice::upload
