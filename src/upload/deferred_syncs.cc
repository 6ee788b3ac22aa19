// SPDX-License-Identifier: MIT
#include "upload/deferred_syncs.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "base/limits.h"

namespace sluice::upload {

using runtime::Task;

namespace {

// After a failed sync the kernel may keep bytes in memory and call them clean. Bytes that are
// written anew are on their way to the disk again.
Task<Result<>> rewrite(store::Blob& blob, const RangeSet& ranges, runtime::BufferPool& buffers) {
  const runtime::Buffer buffer = co_await buffers.acquire(limits::buffer_wait_max);
  if (!buffer) {
    co_return fail(Errc::overloaded, "no memory to write bytes of an earlier process anew");
  }
  for (const ByteRange& range : ranges.ranges()) {
    for (std::uint64_t at = range.begin; at < range.end;) {
      const MutableBytes all = buffer.bytes();
      const MutableBytes bytes = all.first(std::min<std::uint64_t>(all.size(), range.end - at));
      const Result<std::size_t> count = co_await blob.read(at, bytes);
      if (!count) {
        co_return fail(count.error());
      }
      if (*count != bytes.size()) {
        co_return fail(Errc::storage_failed, "the store has lost bytes of an upload");
      }
      if (const Result<> written = co_await blob.write(at, bytes); !written) {
        co_return fail(written.error());
      }
      at += bytes.size();
    }
  }
  co_return Result<>();
}

Task<> lose_bytes(LiveUpload& upload) {
  upload.distrust();
  BytesLost event;
  // What a journal that fails too goes on to name is told to nobody.
  (void)co_await upload.commit(event);
}

}  // namespace

Task<Result<RangeSet>> sync_bytes(LiveUpload& upload, store::Blob& blob,
                                  runtime::BufferPool& buffers, bool syncs) {
  LiveUpload::Unsynced before = upload.unsynced();
  // Before anything is written anew: it tells of writes that have failed.
  Result<> synced = co_await blob.sync();
  if (synced && syncs && !before.inherited.empty()) {
    if (const Result<> rewritten = co_await rewrite(blob, before.inherited, buffers); !rewritten) {
      co_return fail(rewritten.error());
    }
    synced = co_await blob.sync();
    if (synced) {
      upload.inherit_nothing();
    }
  }
  if (!synced) {
    co_await lose_bytes(upload);
    co_return fail(synced.error());
  }
  co_return std::move(before.ranges);
}

bool DeferredSyncs::has_room() const {
  const std::scoped_lock lock(mutex_);
  return waiting_.size() + in_round_ < limits::unsynced_uploads_max;
}

void DeferredSyncs::add(std::shared_ptr<LiveUpload> upload, std::shared_ptr<store::Blob> blob) {
  upload->keep_open(std::move(blob));
  add(std::move(upload));
}

void DeferredSyncs::add(std::shared_ptr<LiveUpload> upload) {
  const std::uint64_t id = upload->id();
  const std::scoped_lock lock(mutex_);
  waiting_.emplace(id, std::move(upload));
  parts_.metrics.unsynced_uploads.set(static_cast<std::int64_t>(waiting_.size() + in_round_));
}

Task<Result<>> DeferredSyncs::take_inherited() {
  while (has_inherited_ && has_room()) {
    const auto page =
        co_await parts_.journal.unsynced(inherited_after_, limits::unsynced_uploads_page_count);
    if (!page) {
      co_return fail(page.error());
    }
    for (const journal::UploadRecord& record : *page) {
      auto found = co_await parts_.uploads.find(record.token);
      if (found) {
        add(*std::move(found));
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
    const std::scoped_lock lock(mutex_);
    for (auto& [id, upload] : std::exchange(waiting_, {})) {
      round.uploads.push_back(std::move(upload));
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
    const std::scoped_lock lock(mutex_);
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
  const std::scoped_lock lock(mutex_);
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
    const std::shared_ptr<LiveUpload> upload = std::move(round->uploads[round->next++]);
    if (const Result<> synced = co_await sync_one(*upload); !synced) {
      ++round->failed;
      round->reason = synced.error();
    }
    if (!upload->let_go()) {
      add(upload);
    }
  }
}

Task<Result<>> DeferredSyncs::sync_one(LiveUpload& upload) {
  const journal::UploadProgress progress = upload.progress();
  if (!upload.is_trusted() || (progress.unsynced.empty() && !progress.open_ended)) {
    co_return Result<>();
  }
  const auto blob = co_await open_blob(upload);
  if (!blob) {
    co_return fail(blob.error());
  }
  Result<RangeSet> synced = co_await sync_bytes(upload, **blob, parts_.buffers, parts_.syncs);
  if (!synced) {
    co_return fail(synced.error());
  }
  BytesSynced event{*std::move(synced)};
  const Result<Transition> committed = co_await upload.commit(std::move(event));
  if (!committed) {
    co_return fail(committed.error());
  }
  co_return Result<>();
}

Task<Result<std::shared_ptr<store::Blob>>> DeferredSyncs::open_blob(LiveUpload& upload) {
  if (std::shared_ptr<store::Blob> shared = upload.shared_blob()) {
    co_return shared;
  }
  // The journal may have forgotten all of them meanwhile (BytesLost).
  const std::uint64_t stored_end = end_of(upload.progress().stored);
  auto opened = co_await parts_.store.open(upload.id(), upload.file_size(), stored_end);
  if (!opened) {
    co_return fail(opened.error());
  }
  co_return upload.share(*std::move(opened));
}

}  // namespace sluice::upload
