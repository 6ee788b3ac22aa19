// SPDX-License-Identifier: MIT
#include "upload/group_commit.h"

#include <iterator>
#include <utility>

#include "base/limits.h"

namespace sluice::upload {

using runtime::Task;

GroupCommit::GroupCommit(model::UploadRecord record, journal::Journal& journal,
                         Announcer& announcer, Observer observer)
    : record_(std::move(record)),
      journal_(journal),
      announcer_(announcer),
      observer_(std::move(observer)) {}

// The first of a batch whose turn it is writes it for all.
Task<Result<Transition>> GroupCommit::commit(Event event, std::vector<journal::Change> together) {
  const Result<Place> place = join(std::move(event), std::move(together));
  if (!place) {
    co_return fail(place.error());
  }
  Batch& batch = *place->batch;
  for (Turn turn = next(batch); turn.kind != Turn::over; turn = next(batch)) {
    if (turn.kind == Turn::another) {
      co_await turn.under_way->ended.wait(limits::commit_wait_max);
    } else {
      finish(batch, co_await write(batch));
    }
  }
  if (!*batch.outcome) {
    co_return fail(batch.outcome->error());
  }
  co_return std::move(batch.entries[place->index].transition);
}

Result<GroupCommit::Place> GroupCommit::join(Event event, std::vector<journal::Change> together) {
  const MutexLock lock(mutex_);
  if (!trusted_ && may_be_lost(event)) {
    return fail(Errc::storage_failed, "the disk failed under this upload");
  }
  if (!gathering_) {
    gathering_ = std::make_shared<Batch>();
  }
  gathering_->entries.push_back({std::move(event), std::move(together), {}});
  return Place{gathering_, gathering_->entries.size() - 1};
}

GroupCommit::Turn GroupCommit::next(const Batch& batch) {
  const MutexLock lock(mutex_);
  if (batch.outcome) {
    return {Turn::over, nullptr};
  }
  if (committing_) {
    return {Turn::another, committing_};
  }
  committing_ = std::exchange(gathering_, nullptr);
  return {Turn::own, nullptr};
}

void GroupCommit::finish(Batch& batch, Result<> outcome) {
  {
    const MutexLock lock(mutex_);
    committing_.reset();
    noted_.clear();
    if (!outcome && gathering_) {
      // Their callers may have relied on changes that have not come to be.
      std::exchange(gathering_, nullptr)->outcome = outcome;
    }
    batch.outcome = std::move(outcome);
  }
  batch.ended.set();
}

Task<Result<>> GroupCommit::write(Batch& batch) {
  Result<> written = co_await try_to_write(batch);
  for (int tries = 1; !written && written.error().code() == Errc::conflict; ++tries) {
    if (tries == limits::commit_tries_max) {
      break;
    }
    if (Result<> read = co_await refresh(); !read) {
      co_return fail(std::move(read).error());
    }
    written = co_await try_to_write(batch);
  }
  co_return written;
}

Task<Result<>> GroupCommit::try_to_write(Batch& batch) {
  std::vector<journal::Change> changes;
  model::UploadProgress progress;
  bool announces = false;
  {
    const MutexLock lock(mutex_);
    std::optional<journal::UpdateUpload> update = applied(batch);
    if (!update) {
      co_return Result<>();
    }
    progress = update->progress;
    changes = announcer_.announcements(record_, &record_.progress, progress);
    announces = !changes.empty();
    changes.emplace_back(*std::move(update));
  }
  for (const Entry& entry : batch.entries) {
    if (entry.transition.changed) {
      std::ranges::copy(entry.together, std::back_inserter(changes));
    }
  }
  if (Result<> committed = co_await journal_.commit(std::move(changes)); !committed) {
    co_return committed;
  }
  ++progress.version;
  {
    const MutexLock lock(mutex_);
    for (const Event& noted : noted_) {
      progress = apply_to(std::move(progress), noted).progress;
    }
    keep(std::move(progress));
  }
  if (announces) {
    announcer_.announced();
  }
  co_return Result<>();
}

std::optional<journal::UpdateUpload> GroupCommit::applied(Batch& batch) const {
  journal::UpdateUpload update{record_.id, record_.progress, true, record_.layout};
  bool is_changed = false;
  for (Entry& entry : batch.entries) {
    entry.transition = apply_to(update.progress, entry.event);
    if (!entry.transition.changed) {
      continue;
    }
    is_changed = true;
    update.progress = entry.transition.progress;
    if (const auto* const stored = std::get_if<BytesStored>(&entry.event)) {
      std::ranges::copy(stored->extents, std::back_inserter(update.extents));
    }
    update.may_be_lost = update.may_be_lost && may_be_lost(entry.event) &&
                         !entry.transition.deliver && entry.together.empty();
  }
  return is_changed ? std::optional(std::move(update)) : std::nullopt;
}

Task<Result<>> GroupCommit::refresh() {
  auto found = co_await journal_.find_upload_by_id(facts().id);
  if (!found) {
    co_return fail(std::move(found).error());
  }
  if (!*found) {
    co_return fail(Errc::not_found, "no upload has this location");
  }
  const MutexLock lock(mutex_);
  is_elsewhere_ = is_elsewhere_ || (*found)->progress.version > record_.progress.version;
  keep(std::move((*found)->progress));
  co_return Result<>();
}

bool GroupCommit::take_elsewhere() {
  const MutexLock lock(mutex_);
  return std::exchange(is_elsewhere_, false);
}

// A read and a commit may end in another order than the journal made them.
void GroupCommit::keep(model::UploadProgress progress) {
  if (progress.version <= record_.progress.version) {
    return;
  }
  observer_(progress);
  record_.progress = std::move(progress);
}

void GroupCommit::note(const Event& event) {
  const MutexLock lock(mutex_);
  model::UploadProgress& durable = record_.progress;
  durable = apply_to(std::move(durable), event).progress;
  if (committing_) {
    noted_.push_back(event);
  }
}

void GroupCommit::distrust() noexcept {
  const MutexLock lock(mutex_);
  trusted_ = false;
}

bool GroupCommit::is_trusted() const noexcept {
  const MutexLock lock(mutex_);
  return trusted_;
}

}  // namespace sluice::upload
