// SPDX-License-Identifier: MIT
#include "upload/deferred_syncs.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "base/limits.h"

namespace sluice::upload {

using runtime::Task;

Task<Result<Settled>> settle_all(LiveUpload& upload, store::Blob& blob, RangeSet named) {
  Settled settled{upload.progress().unsynced, {}};
  Result<std::vector<model::Extent>> extents =
      co_await blob.settle(std::move(named), settled.synced);
  if (extents) {
    settled.extents = *std::move(extents);
    co_return settled;
  }
  if (extents.error().code() != Errc::storage_failed) {
    co_return fail(extents.error());
  }
  upload.distrust();
  // Where the journal fails too, a round of DeferredSyncs commits it later.
  BytesLost event;
  (void)co_await upload.commit(event);
  co_return fail(extents.error());
}

bool DeferredSyncs::has_room() const {
  const MutexLock lock(mutex_);
  return waiting_.size() + in_round_ < limits::unsynced_uploads_max;
}

void DeferredSyncs::add(std::shared_ptr<LiveUpload> upload, std::shared_ptr<store::Blob> blob) {
  const std::uint64_t id = upload->id();
  const MutexLock lock(mutex_);
  waiting_.try_emplace(id, Entry{std::move(upload), std::move(blob)});
  parts_.metrics.unsynced_uploads.set(static_cast<std::int64_t>(waiting_.size() + in_round_));
}

void DeferredSyncs::put_back(Entry entry) {
  {
    const MutexLock lock(mutex_);
    --in_round_;
  }
  add(std::move(entry.upload), std::move(entry.blob));
}

Task<Result<>> DeferredSyncs::take_inherited() {
  while (has_inherited_ && has_room()) {
    const auto page =
        co_await parts_.journal.unsynced(inherited_after_, limits::unsynced_uploads_page_count);
    if (!page) {
      co_return fail(page.error());
    }
    for (const model::UploadRecord& record : *page) {
      auto found = co_await parts_.uploads.find(record.token);
      if (found) {
        const LiveUpload& upload = **found;
        auto blob =
            parts_.store.open({upload.id(), upload.room(), end_of(upload.progress().stored)});
        add(*std::move(found), std::move(blob));
      } else if (found.error().code() != Errc::not_found &&
                 found.error().code() != Errc::record_damaged) {
        passed_over_ = found.error();
      }
      inherited_after_ = record.id;
    }
    has_inherited_ = page->size() == limits::unsynced_uploads_page_count;
  }
  if (has_inherited_ || !passed_over_) {
    co_return Result<>();
  }
  // Behind the others, from the beginning in the next round.
  has_inherited_ = true;
  inherited_after_ = 0;
  const Error reason = *std::exchange(passed_over_, std::nullopt);
  co_return fail(reason);
}

Task<Result<bool>> DeferredSyncs::round() {
  const Result<> taken = co_await take_inherited();
  Round round;
  {
    const MutexLock lock(mutex_);
    for (auto& [id, entry] : std::exchange(waiting_, {})) {
      round.uploads.push_back(std::move(entry));
    }
    in_round_ = round.uploads.size();
  }
  if (!round.uploads.empty()) {
    const runtime::Executor executor = co_await boost::asio::this_coro::executor;
    runtime::TaskGroup group(executor, parts_.log);
    const std::size_t tasks = std::min(limits::deferred_syncs_at_once, round.uploads.size());
    for (std::size_t i = 0; i < tasks; ++i) {
      group.spawn("deferred syncs", sync_some(&round));
    }
    while (!co_await group.wait(limits::last_sync_wait_max)) {
    }
    const MutexLock lock(mutex_);
    in_round_ = 0;
  }
  journal_lags_ = journal_lags_ || !round.uploads.empty();
  if (journal_lags_) {
    std::vector<journal::Change> changes;
    changes.emplace_back(journal::SyncJournal{});
    if (const Result<> synced = co_await parts_.journal.commit(std::move(changes)); !synced) {
      co_return fail(synced.error());
    }
    journal_lags_ = false;
  }
  const MutexLock lock(mutex_);
  parts_.metrics.unsynced_uploads.set(static_cast<std::int64_t>(waiting_.size()));
  if (round.failed > 0) {
    co_return fail(round.reason.code(),
                   fmt::format("{} of {} uploads could not be synced: {}", round.failed,
                               round.uploads.size(), round.reason.message()));
  }
  if (!taken) {
    co_return fail(taken.error());
  }
  co_return has_inherited_ || !waiting_.empty();
}

Task<> DeferredSyncs::sync_some(Round* round) {
  while (round->next < round->uploads.size()) {
    Entry entry = std::move(round->uploads[round->next++]);
    if (const Result<> synced = co_await sync_one(*entry.upload, *entry.blob); !synced) {
      ++round->failed;
      round->reason = synced.error();
    }
    if (!entry.upload->progress().unsynced.empty()) {
      put_back(std::move(entry));
    }
  }
}

Task<Result<>> DeferredSyncs::sync_one(LiveUpload& upload, store::Blob& blob) {
  if (upload.progress().unsynced.empty()) {
    co_return Result<>();
  }
  if (!upload.is_trusted()) {
    // A sync has failed, and the journal could not be told: it still names the bytes.
    BytesLost event;
    const Result<Transition> forgotten = co_await upload.commit(event);
    co_return forgotten ? Result<>() : fail(forgotten.error());
  }
  Result<Settled> settled = co_await settle_all(upload, blob, {});
  if (!settled) {
    co_return fail(settled.error());
  }
  BytesSynced event{std::move(settled->synced)};
  const Result<Transition> committed = co_await upload.commit(std::move(event));
  co_return committed ? Result<>() : fail(committed.error());
}

}  // namespace sluice::upload
