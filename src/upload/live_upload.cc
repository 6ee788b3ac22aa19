// SPDX-License-Identifier: MIT
#include "upload/live_upload.h"

#include <fmt/format.h>

#include <algorithm>
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

Claim::Claim(LiveUpload& upload, ByteRange range) : upload_(upload), range_(range) {
  const MutexLock lock(upload_.mutex_);
  upload_.claims_.push_back(this);
}

Claim::~Claim() {
  std::shared_ptr<runtime::Event> settled;
  {
    const MutexLock lock(upload_.mutex_);
    upload_.claims_.remove(this);
    settled = std::move(settled_);
  }
  if (settled) {
    settled->set();
  }
}

const std::shared_ptr<runtime::Event>& Claim::settled() {
  if (!settled_) {
    settled_ = std::make_shared<runtime::Event>();
  }
  return settled_;
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
  // disk. An error here is returned again by the source.
  if (source_ != nullptr && !older.empty()) {
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
  upload_.last_byte_at_ = std::chrono::steady_clock::now();
}

namespace {

std::uint64_t constant_bytes_of(const model::UploadRecord& record) {
  std::uint64_t bytes = sizeof(LiveUpload) + record.token.size() + record.file_name.size() +
                        record.content_type.size() + record.parameters.size() +
                        record.origin.size() + record.owner.size() + record.words.size();
  for (const std::string& token : record.partials) {
    bytes += sizeof(std::string) + token.size();
  }
  if (record.layout) {
    for (const model::ExtraFile& extra : record.layout->extra_files) {
      bytes += sizeof(extra) + extra.tag.size() + extra.file_name.size();
    }
  }
  return bytes;
}

std::uint64_t changing_bytes_of(const model::UploadProgress& progress) {
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

LiveUpload::LiveUpload(model::UploadRecord record, journal::Journal& journal, Admission& admission,
                       Announcer& announcer, const Clock& clock,
                       std::shared_ptr<std::atomic<std::uint64_t>> bytes_in_memory,
                       std::optional<std::uint64_t> announced)
    : admission_(admission),
      clock_(clock),
      bytes_in_memory_(std::move(bytes_in_memory)),
      constant_bytes_(constant_bytes_of(record)),
      announced_(announced),
      in_memory_since_(clock.now()),
      changes_(std::move(record), journal, announcer,
               [this](const model::UploadProgress& newer) { becomes(newer); }) {
  *bytes_in_memory_ += constant_bytes_;
  count_bytes(changes_.facts().progress);
  tell_if_decided();
}

LiveUpload::~LiveUpload() {
  *bytes_in_memory_ -= constant_bytes_ + changing_bytes_ + story_.bytes_in_memory();
}

model::UploadProgress LiveUpload::progress() const {
  return changes_.look([](const model::UploadRecord& record) { return record.progress; });
}

model::UploadState LiveUpload::state() const {
  return changes_.look([](const model::UploadRecord& record) { return record.progress.state; });
}

std::optional<std::uint64_t> LiveUpload::file_size() const {
  return changes_.look([](const model::UploadRecord& record) { return record.progress.file_size; });
}

std::uint64_t LiveUpload::size_bound() const {
  return changes_.look([](const model::UploadRecord& record) { return model::size_bound(record); });
}

std::uint64_t LiveUpload::room_of(const model::UploadProgress& progress) const {
  return room_for(progress.file_size, announced_, changes_.facts().file_size_max);
}

std::uint64_t LiveUpload::room() const {
  return changes_.look(
      [this](const model::UploadRecord& record) { return room_of(record.progress); });
}

Timestamp LiveUpload::expires_at() const {
  return changes_.look(
      [](const model::UploadRecord& record) { return record.progress.expires_at; });
}

Snapshot LiveUpload::snapshot() const {
  const model::UploadRecord& facts = changes_.facts();
  Snapshot snapshot;
  snapshot.id = facts.id;
  snapshot.token = facts.token;
  snapshot.file_name = facts.file_name;
  snapshot.content_type = facts.content_type;
  snapshot.created_at = facts.created_at;
  snapshot.dialect = facts.dialect;
  snapshot.words = facts.words;
  snapshot.is_partial = facts.is_partial;
  snapshot.layout = facts.layout;
  const bool is_trusted = changes_.is_trusted();
  model::UploadProgress progress = this->progress();
  snapshot.state = progress.state;
  snapshot.file_size = progress.file_size;
  snapshot.expires_at = progress.expires_at;
  snapshot.completed_at = progress.handoff_since;
  snapshot.failure = std::move(progress.failure);
  if (is_finished(progress.state)) {
    snapshot.answer = std::move(progress.answer);
  }
  if (!is_trusted) {
    progress = apply_to(std::move(progress), BytesLost{}).progress;
  }
  snapshot.acknowledged = facts.is_partial ? progress.stored.prefix() : acknowledged(progress);
  snapshot.stored = std::move(progress.stored);
  return snapshot;
}

model::UploadRecord LiveUpload::record() const {
  return changes_.look([](const model::UploadRecord& record) { return record; });
}

Task<Result<Transition>> LiveUpload::commit(Event event, std::vector<journal::Change> together) {
  StoryEvent told = story_of(event);
  Result<Transition> committed = co_await changes_.commit(std::move(event), std::move(together));
  if (committed && committed->changed) {
    told.what = committed->deliver && *told.what == '\0' ? "complete" : told.what;
    tell(std::move(told));
  }
  tell_if_decided();
  co_return committed;
}

Task<Result<>> LiveUpload::refresh() {
  Result<> read = co_await changes_.refresh();
  tell_if_decided();
  co_return read;
}

void LiveUpload::becomes(const model::UploadProgress& newer) {
  const model::UploadRecord& record = changes_.facts();
  const std::uint64_t room = room_of(record.progress);
  if (is_promised(record.progress) && !is_promised(newer)) {
    admission_.fulfilled(record.id, room);
  } else if (is_promised(record.progress) && room_of(newer) != room) {
    admission_.resized(record.id, room, room_of(newer));
  }
  if (!is_promised(record.progress) && is_promised(newer)) {
    admission_.emptied(record.id);
  }
  if (record.progress.state == model::UploadState::receiving &&
      newer.state != model::UploadState::receiving) {
    admission_.ended(record.id);
  }
  if (is_decided(record.progress.state) && !is_decided(newer.state)) {
    const MutexLock lock(mutex_);
    decided_ = std::make_shared<runtime::Event>();
  }
  count_bytes(newer);
}

void LiveUpload::count_bytes(const model::UploadProgress& progress) {
  const std::uint64_t now = changing_bytes_of(progress);
  *bytes_in_memory_ += now - std::exchange(changing_bytes_, now);
}

// An upload that is put back meanwhile has another event.
void LiveUpload::tell_if_decided() {
  const std::shared_ptr<runtime::Event> decided =
      changes_.look([this](const model::UploadRecord& record) -> std::shared_ptr<runtime::Event> {
        const MutexLock lock(mutex_);
        const bool is_over = is_decided(record.progress.state) || is_gone(record.progress.state);
        return is_over ? decided_ : nullptr;
      });
  if (decided) {
    decided->set();
  }
}

std::shared_ptr<runtime::Event> LiveUpload::decided() const {
  const MutexLock lock(mutex_);
  return decided_;
}

void LiveUpload::room_taken() {
  changes_.look([this](const model::UploadRecord& record) {
    if (is_promised(record.progress)) {
      admission_.allocated(record.id, room_of(record.progress));
    }
  });
}

void LiveUpload::left_journal() {
  changes_.look([this](const model::UploadRecord& record) {
    if (is_promised(record.progress)) {
      admission_.fulfilled(record.id, room_of(record.progress));
    }
    if (record.progress.state == model::UploadState::receiving) {
      admission_.ended(record.id);
    }
  });
}

void LiveUpload::note(const Event& event) {
  changes_.note(event);
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
      settled.push_back(claim->settled());
    }
  }
  return settled;
}

void LiveUpload::cut_older(ByteRange range, Duration age) {
  const auto latest = std::chrono::steady_clock::now() - age;
  const MutexLock lock(mutex_);
  (void)cut(
      [&](const Claim& claim) { return claim.began_ < latest && claim.range_.overlaps(range); },
      Errc::taken_over);
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

std::uint64_t LiveUpload::arrived_bytes() const {
  RangeSet arrived = progress().stored;
  const MutexLock lock(mutex_);
  for (const Claim* claim : claims_) {
    for (const ByteRange& range : claim->written_.ranges()) {
      arrived.add(range);
    }
  }
  return arrived.total();
}

std::optional<Duration> LiveUpload::silence() const {
  const MutexLock lock(mutex_);
  return last_byte_at_.transform([](auto last) {
    return std::chrono::floor<Duration>(std::chrono::steady_clock::now() - last);
  });
}

void LiveUpload::tell(StoryEvent event) {
  if (*event.what == '\0') {
    return;
  }
  event.until = clock_.now();
  event.at = event.at == Timestamp() ? event.until : event.at;
  const MutexLock lock(mutex_);
  const std::uint64_t before = story_.bytes_in_memory();
  story_.add(std::move(event));
  *bytes_in_memory_ += story_.bytes_in_memory() - before;
}

void LiveUpload::tell_of_begin(std::uint64_t offset) {
  {
    const MutexLock lock(mutex_);
    if (!story_.awaits_beginning()) {
      return;
    }
  }
  tell({.what = "begins", .words = fmt::format("from byte {}", offset)});
}

void LiveUpload::tell_of_end(Timestamp began, std::uint64_t bytes, const Result<>& outcome) {
  if (outcome) {
    tell({.what = "bytes", .at = began, .bytes = bytes});
  } else {
    tell({.what = "broke_off", .bytes = bytes, .words = outcome.error().message()});
  }
}

Story LiveUpload::story() const {
  const MutexLock lock(mutex_);
  return story_;
}

Task<> LiveUpload::wait_for_settling(Duration timeout) {
  SettledEvents settling;
  {
    const MutexLock lock(mutex_);
    for (Claim* claim : claims_) {
      if (claim->source_ == nullptr) {
        settling.push_back(claim->settled());
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
  const bool is_trusted = changes_.is_trusted();
  const model::UploadProgress durable = progress();
  const MutexLock lock(mutex_);
  Checkpoint checkpoint;
  if (checkpoint_ || !is_trusted || durable.state != model::UploadState::receiving) {
    checkpoint.ended = checkpoint_;
    return checkpoint;
  }
  for (const Claim* claim : claims_) {
    Arrived arrived{claim->written_, claim->blob_};
    for (const ByteRange& range : durable.stored.ranges()) {
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
  return changes_.look([](const model::UploadRecord& record) {
    return !record.layout || journal::broken_part_count(record.progress.stored, *record.layout) <
                                 limits::broken_parts_kept_max;
  });
}

void LiveUpload::distrust() noexcept {
  changes_.distrust();
}

bool LiveUpload::is_trusted() const noexcept {
  return changes_.is_trusted();
}

}  // namespace sluice::upload
