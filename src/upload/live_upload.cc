// SPDX-License-Identifier: MIT
#include "upload/live_upload.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "journal/stored_text.h"

namespace sluice::upload {

using runtime::Task;

Claim::Claim(LiveUpload& upload, ByteRange range, runtime::ByteSource& source)
    : upload_(upload), range_(range), source_(&source) {
  const MutexLock lock(upload_.mutex_);
  upload_.claims_.push_back(this);
}

Claim::~Claim() {
  {
    const MutexLock lock(upload_.mutex_);
    upload_.claims_.remove(this);
  }
  settled_->set();
}

Task<Result<std::size_t>> Claim::acquire() {
  LiveUpload::SettledEvents older;
  {
    const MutexLock lock(upload_.mutex_);
    bool is_older = true;
    older = upload_.cut(
        [&](const Claim& other) {
          is_older = is_older && &other != this;
          return is_older && other.range_.overlaps(range_);
        },
        Errc::taken_over);
  }
  // The sender is asked for its bytes, and they come, while the older ones are on their way to the
  // disk. What goes wrong here, the source says again.
  if (!older.empty()) {
    (void)co_await source_->wait_readable();
  }
  for (const std::shared_ptr<runtime::Event>& settled : older) {
    if (!co_await settled->wait(limits::takeover_wait_max)) {
      co_return fail(Errc::overloaded, "an earlier request for these bytes is still being stored");
    }
  }
  const MutexLock lock(upload_.mutex_);
  if (cut_) {
    co_return fail(Errc::taken_over, "a newer request for the same bytes has taken over");
  }
  co_return older.size();
}

void Claim::source_ended() {
  const MutexLock lock(upload_.mutex_);
  source_ = nullptr;
}

void Claim::begins_to_wait() {
  const MutexLock lock(upload_.mutex_);
  waiting_since_ = std::chrono::steady_clock::now();
}

void Claim::goes_on() {
  const MutexLock lock(upload_.mutex_);
  waiting_since_ = TimePoint::max();
}

void Claim::wrote(ByteRange bytes, const std::shared_ptr<store::Blob>& blob) {
  const MutexLock lock(upload_.mutex_);
  written_.add(bytes);
  blob_ = blob;
}

namespace {

bool may_be_lost(const Event& event) {
  const auto* const stored = std::get_if<BytesStored>(&event);
  return std::holds_alternative<BytesSynced>(event) || (stored != nullptr && stored->is_deferred);
}

std::uint64_t constant_bytes_of(const journal::UploadRecord& record) {
  std::uint64_t bytes = sizeof(LiveUpload) + record.token.size() + record.file_name.size() +
                        record.content_type.size() + record.parameters.size() +
                        record.origin.size() + record.owner.size();
  if (record.layout) {
    for (const journal::ExtraFile& extra : record.layout->extra_files) {
      bytes += sizeof(extra) + extra.tag.size() + extra.file_name.size();
    }
  }
  return bytes;
}

std::uint64_t changing_bytes_of(const journal::UploadProgress& progress) {
  const std::size_t ranges = progress.stored.ranges().size() + progress.unsynced.ranges().size();
  std::uint64_t bytes = ranges * sizeof(ByteRange) + progress.failure.size();
  if (progress.answer) {
    bytes += progress.answer->body.size();
    for (const auto& [name, value] : progress.answer->headers) {
      bytes += 2 * sizeof(std::string) + name.size() + value.size();
    }
  }
  return bytes;
}

}  // namespace

LiveUpload::LiveUpload(journal::UploadRecord record, journal::Journal& journal,
                       Admission& admission, Announcer& announcer,
                       std::shared_ptr<std::atomic<std::uint64_t>> bytes_in_memory)
    : record_(std::move(record)),
      journal_(journal),
      admission_(admission),
      announcer_(announcer),
      bytes_in_memory_(std::move(bytes_in_memory)),
      constant_bytes_(constant_bytes_of(record_)) {
  if (is_decided(record_.progress.state)) {
    decided_->set();
  }
  *bytes_in_memory_ += constant_bytes_;
  count_bytes();
}

LiveUpload::~LiveUpload() {
  *bytes_in_memory_ -= constant_bytes_ + changing_bytes_;
}

journal::UploadProgress LiveUpload::progress() const {
  const MutexLock lock(mutex_);
  return record_.progress;
}

journal::UploadState LiveUpload::state() const {
  const MutexLock lock(mutex_);
  return record_.progress.state;
}

Timestamp LiveUpload::expires_at() const {
  const MutexLock lock(mutex_);
  return record_.progress.expires_at;
}

Snapshot LiveUpload::snapshot() const {
  Snapshot snapshot;
  snapshot.id = constants().id;
  snapshot.token = constants().token;
  snapshot.file_name = constants().file_name;
  snapshot.file_size = constants().file_size;
  snapshot.created_at = constants().created_at;
  snapshot.layout = constants().layout;
  const MutexLock lock(mutex_);
  const journal::UploadProgress& progress = record_.progress;
  snapshot.state = progress.state;
  if (trusted_ || progress.unsynced.empty()) {
    snapshot.stored = progress.stored;
    snapshot.acknowledged = acknowledged(progress, record_.file_size);
  } else {
    const journal::UploadProgress left = apply(progress, record_.file_size, BytesLost{}).progress;
    snapshot.stored = left.stored;
    snapshot.acknowledged = acknowledged(left, record_.file_size);
  }
  snapshot.expires_at = progress.expires_at;
  if (is_finished(progress.state)) {
    snapshot.answer = progress.answer;
  }
  snapshot.failure = progress.failure;
  return snapshot;
}

journal::UploadRecord LiveUpload::record() const {
  const MutexLock lock(mutex_);
  return record_;
}

Task<Result<Transition>> LiveUpload::commit(Event event, std::vector<journal::Change> together) {
  MutexLock lock(mutex_);  // NOLINT(misc-coroutine-hostile-raii): unlocked wherever it waits.
  const bool is_deferred = may_be_lost(event);
  if (is_deferred && !trusted_) {
    co_return fail(Errc::storage_failed, "the disk failed under this upload");
  }
  Transition transition = apply(pending_ ? *pending_ : record_.progress, record_.file_size, event);
  if (transition.changed || !together.empty()) {
    pending_ = std::make_unique<journal::UploadProgress>(transition.progress);
    if (!gathering_) {
      gathering_ = std::make_shared<Batch>();
    }
    gathering_->may_be_lost =
        gathering_->may_be_lost && is_deferred && !transition.deliver && together.empty();
    std::ranges::move(together, std::back_inserter(gathering_->together));
  }
  // What made an event come too late has to be durable as well before the caller looks.
  const std::shared_ptr<Batch> batch = gathering_ ? gathering_ : committing_;
  while (batch && !batch->outcome) {
    if (committing_) {
      const std::shared_ptr<Batch> under_way = committing_;
      lock.unlock();
      co_await under_way->ended.wait(limits::commit_wait_max);
      lock.lock();
      continue;
    }
    committing_ = std::exchange(gathering_, nullptr);
    journal::UploadProgress progress = *pending_;
    std::vector<journal::Change> changes =
        announcer_.announcements(record_, &record_.progress, progress);
    const bool announces = !changes.empty();
    std::ranges::move(batch->together, std::back_inserter(changes));
    lock.unlock();
    changes.emplace_back(
        journal::UpdateUpload{id(), progress, batch->may_be_lost, constants().layout});
    Result<> committed = co_await journal_.commit(std::move(changes));
    lock.lock();
    committing_.reset();
    batch->outcome = committed;
    if (committed) {
      if (!gathering_) {
        progress = std::move(*std::exchange(pending_, nullptr));  // With what was noted meanwhile.
      }
      keep(std::move(progress));
    } else {
      // The changes that gathered meanwhile were applied to what has not come to be. And bytes
      // whose commit failed are sent and written again: no later commit may name them before they
      // are synced again.
      pending_.reset();
      if (const auto undone = std::exchange(gathering_, nullptr)) {
        undone->outcome = std::move(committed);
      }
    }
    lock.unlock();
    if (announces && *batch->outcome) {
      announcer_.announced();
    }
    batch->ended.set();
    lock.lock();
  }
  if (batch && !*batch->outcome) {
    co_return fail(batch->outcome->error());
  }
  const std::shared_ptr<runtime::Event> decided =
      is_decided(record_.progress.state) ? decided_ : nullptr;
  lock.unlock();
  if (decided) {
    decided->set();
  }
  co_return transition;
}

void LiveUpload::keep(journal::UploadProgress progress) {
  if (is_promised(record_.progress) && !is_promised(progress)) {
    admission_.fulfilled(record_.id, record_.file_size);
  }
  if (!is_promised(record_.progress) && is_promised(progress)) {
    admission_.emptied(record_.id);
  }
  if (record_.progress.state == journal::UploadState::receiving &&
      progress.state != journal::UploadState::receiving) {
    admission_.ended(record_);
  }
  if (is_decided(record_.progress.state) && !is_decided(progress.state)) {
    decided_ = std::make_shared<runtime::Event>();
  }
  record_.progress = std::move(progress);
  count_bytes();
}

void LiveUpload::count_bytes() {
  const std::uint64_t now = changing_bytes_of(record_.progress);
  *bytes_in_memory_ += now - std::exchange(changing_bytes_, now);
}

std::shared_ptr<runtime::Event> LiveUpload::decided() const {
  const MutexLock lock(mutex_);
  return decided_;
}

void LiveUpload::room_taken() {
  const MutexLock lock(mutex_);
  if (is_promised(record_.progress)) {
    admission_.allocated(record_.id, record_.file_size);
  }
}

void LiveUpload::note(const Event& event) {
  const MutexLock lock(mutex_);
  journal::UploadProgress& durable = record_.progress;
  durable = apply(std::move(durable), record_.file_size, event).progress;
  if (pending_) {
    *pending_ = apply(std::move(*pending_), record_.file_size, event).progress;
  }
}

LiveUpload::SettledEvents LiveUpload::cut(const std::function<bool(const Claim&)>& wanted,
                                          Errc reason) {
  SettledEvents settled;
  for (Claim* claim : claims_) {
    if (wanted(*claim)) {
      claim->cut_ = true;
      if (claim->source_ != nullptr) {
        claim->source_->cancel(reason);
      }
      settled.push_back(claim->settled_);
    }
  }
  return settled;
}

Task<bool> LiveUpload::cut_all(Errc reason, Duration timeout) {
  SettledEvents settled;
  {
    const MutexLock lock(mutex_);
    settled = cut([](const Claim&) { return true; }, reason);
  }
  for (const std::shared_ptr<runtime::Event>& event : settled) {
    if (!co_await event->wait(timeout)) {
      co_return false;
    }
  }
  co_return true;
}

bool LiveUpload::is_being_written() const {
  const MutexLock lock(mutex_);
  return !claims_.empty();
}

Task<> LiveUpload::wait_for_settling(Duration timeout) {
  SettledEvents settling;
  {
    const MutexLock lock(mutex_);
    for (const Claim* claim : claims_) {
      if (claim->source_ == nullptr) {
        settling.push_back(claim->settled_);
      }
    }
  }
  for (const std::shared_ptr<runtime::Event>& event : settling) {
    co_await event->wait(timeout);
  }
}

bool LiveUpload::is_taking_bytes(Duration patience) const {
  const auto silent_since = std::chrono::steady_clock::now() - patience;
  const MutexLock lock(mutex_);
  return std::ranges::any_of(claims_, [silent_since](const Claim* claim) {
    return claim->source_ != nullptr && claim->waiting_since_ > silent_since;
  });
}

LiveUpload::Checkpoint LiveUpload::begin_checkpoint() {
  const MutexLock lock(mutex_);
  Checkpoint checkpoint;
  if (checkpoint_ || !trusted_ || record_.progress.state != journal::UploadState::receiving) {
    checkpoint.ended = checkpoint_;
    return checkpoint;
  }
  for (const Claim* claim : claims_) {
    Arrived arrived{claim->written_, claim->blob_};
    for (const ByteRange& range : record_.progress.stored.ranges()) {
      arrived.ranges.remove(range);
    }
    // A request that comes to its end makes its bytes durable itself.
    if (claim->source_ != nullptr && !arrived.ranges.empty()) {
      checkpoint.arrived.push_back(std::move(arrived));
    }
  }
  if (!checkpoint.arrived.empty()) {
    checkpoint.ended = checkpoint_ = std::make_shared<runtime::Event>();
  }
  return checkpoint;
}

void LiveUpload::end_checkpoint() {
  std::shared_ptr<runtime::Event> ended;
  {
    const MutexLock lock(mutex_);
    ended.swap(checkpoint_);
  }
  ended->set();
}

Task<> LiveUpload::wait_for_checkpoint() {
  std::shared_ptr<runtime::Event> under_way;
  {
    const MutexLock lock(mutex_);
    under_way = checkpoint_;
  }
  while (under_way && !co_await under_way->wait(limits::commit_wait_max)) {
  }
}

bool LiveUpload::keeps_broken_part() const {
  const MutexLock lock(mutex_);
  return !record_.layout || journal::broken_part_count(record_.progress.stored, *record_.layout) <
                                limits::broken_parts_kept_max;
}

void LiveUpload::distrust() noexcept {
  const MutexLock lock(mutex_);
  trusted_ = false;
}

bool LiveUpload::is_trusted() const noexcept {
  const MutexLock lock(mutex_);
  return trusted_;
}

}  // namespace sluice::upload
