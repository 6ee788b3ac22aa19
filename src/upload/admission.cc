// SPDX-License-Identifier: MIT
#include "upload/admission.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/checked.h"
#include "base/limits.h"

namespace sluice::upload {

using runtime::Task;

std::uint64_t room_for(std::optional<std::uint64_t> file_size,
                       std::optional<std::uint64_t> announced,
                       std::uint64_t file_size_max) noexcept {
  return file_size.value_or(announced.value_or(std::min(file_size_max, limits::unknown_size_room)));
}

bool is_promised(const model::UploadProgress& progress) noexcept {
  return progress.state == model::UploadState::receiving && progress.stored.empty();
}

Admission::Admission(store::Store& store, AdmissionSettings settings,
                     const journal::Promises& before)
    : store_(store), settings_(settings) {
  const MutexLock lock(mutex_);
  take(before);
}

void Admission::renew(const journal::Promises& now) {
  const MutexLock lock(mutex_);
  allocated_.clear();
  shares_.clear();
  sharers_.clear();
  take(now);
}

void Admission::take(const journal::Promises& promises) {
  promised_bytes_ = promises.bytes;
  unfinished_uploads_ = promises.unfinished_uploads;
  for (const journal::PromisedRoom& room : promises.to_owners) {
    join_share(room.upload_id, room_of_owner(room.owner), room.bytes);
  }
}

Task<Result<>> Admission::admit(const NewUpload& upload, std::uint64_t upload_id) {
  const std::uint64_t file_size_max = upload.file_size_max.value_or(settings_->file_size_max);
  const std::uint64_t coming = upload.file_size.value_or(upload.announced.value_or(0));
  if (coming > file_size_max) {
    co_return fail(
        Errc::file_too_large,
        fmt::format("File size limit is set to {} bytes, file_size is {}", file_size_max, coming));
  }
  const std::uint64_t room = room_for(upload.file_size, upload.announced, file_size_max);
  if (const Result<> counted = count_one(); !counted) {
    co_return fail(counted.error());
  }
  Result<> promised = co_await promise(upload, room, upload_id);
  if (!promised) {
    const MutexLock lock(mutex_);
    --unfinished_uploads_;
  }
  co_return promised;
}

Result<> Admission::count_one() {
  const MutexLock lock(mutex_);
  if (unfinished_uploads_ >= settings_->uploads_max) {
    return fail(Errc::overloaded,
                fmt::format("there are {} unfinished uploads, expected fewer than {}",
                            unfinished_uploads_, settings_->uploads_max));
  }
  ++unfinished_uploads_;
  return {};
}

Task<Result<>> Admission::promise(const NewUpload& upload, std::uint64_t room,
                                  std::uint64_t upload_id) {
  {
    const MutexLock lock(mutex_);
    if (std::chrono::steady_clock::now() < known_until_ && !try_promise(upload, room, upload_id)) {
      co_return Result<>();
    }
  }
  // No upload is refused because of an old measurement.
  if (const Result<> measured = co_await measure(); !measured) {
    co_return fail(measured.error());
  }
  const MutexLock lock(mutex_);
  if (lacks_files()) {
    co_return fail(Errc::disk_full, "there is no room for further files");
  }
  if (std::optional<std::string> refusal = try_promise(upload, room, upload_id)) {
    co_return fail(Errc::disk_full, *std::move(refusal));
  }
  co_return Result<>();
}

void Admission::withdraw(std::uint64_t upload_id, std::uint64_t room) {
  const MutexLock lock(mutex_);
  promised_bytes_ = saturating_subtract(promised_bytes_, room);
  unfinished_uploads_ = saturating_subtract(unfinished_uploads_, 1);
  leave_share(upload_id);
}

void Admission::ended(std::uint64_t upload_id) {
  const MutexLock lock(mutex_);
  unfinished_uploads_ = saturating_subtract(unfinished_uploads_, 1);
  leave_share(upload_id);
}

// What its blob has set aside stays as it is.
void Admission::resized(std::uint64_t upload_id, std::uint64_t room_before, std::uint64_t room) {
  const MutexLock lock(mutex_);
  if (allocated_.contains(upload_id)) {
    return;
  }
  promised_bytes_ = saturating_add(saturating_subtract(promised_bytes_, room_before), room);
  if (const auto sharer = sharers_.find(upload_id); sharer != sharers_.end()) {
    const std::string client = sharer->second.client;
    leave_share(upload_id);
    join_share(upload_id, client, room);
  }
}

void Admission::allocated(std::uint64_t upload_id, std::uint64_t room) {
  const MutexLock lock(mutex_);
  if (allocated_.insert(upload_id).second) {
    promised_bytes_ = saturating_subtract(promised_bytes_, room);
    allocated_bytes_ = saturating_add(allocated_bytes_, room);
    const auto sharer = sharers_.find(upload_id);
    if (sharer != sharers_.end() && !sharer->second.is_allocated) {
      sharer->second.is_allocated = true;
      std::uint64_t& allocated = shares_[sharer->second.client].allocated_bytes;
      allocated = saturating_add(allocated, sharer->second.bytes);
    }
  }
}

void Admission::fulfilled(std::uint64_t upload_id, std::uint64_t room) {
  const MutexLock lock(mutex_);
  if (allocated_.erase(upload_id) == 0) {
    promised_bytes_ = saturating_subtract(promised_bytes_, room);
  }
}

void Admission::emptied(std::uint64_t upload_id) {
  const MutexLock lock(mutex_);
  allocated_.insert(upload_id);
}

std::uint64_t Admission::promised_bytes() const {
  const MutexLock lock(mutex_);
  return promised_bytes_;
}

std::optional<std::string> Admission::try_promise(const NewUpload& upload, std::uint64_t room,
                                                  std::uint64_t upload_id) {
  const bool is_low = available() < settings_->low_water_bytes;
  if (is_low || lacks_files() || room > usable()) {
    return fmt::format("there is room for {} bytes, the file has {}", usable(), room);
  }
  if (!upload.room_of.empty() && room > 0 && exceeds_share(upload.room_of, room)) {
    return fmt::format(
        "expected unfinished uploads of one client to have at most {} % of the "
        "free room, with this file of {} bytes they would have more",
        settings_->room_share, room);
  }
  join_share(upload_id, upload.room_of, room);
  promised_bytes_ = saturating_add(promised_bytes_, room);
  return std::nullopt;
}

// Without a client, or without bytes, there is nothing to share.
void Admission::join_share(std::uint64_t upload_id, const std::string& client,
                           std::uint64_t bytes) {
  if (client.empty() || bytes == 0) {
    return;
  }
  sharers_[upload_id] = {client, bytes};
  std::uint64_t& all = shares_[client].bytes;
  all = saturating_add(all, bytes);
}

// Of the room that is free, with what the client's own uploads have taken of it.
bool Admission::exceeds_share(const std::string& client, std::uint64_t room_wanted) const {
  const auto found = shares_.find(client);
  const Share share = found == shares_.end() ? Share() : found->second;
  const std::uint64_t room = saturating_add(
      saturating_subtract(available(), settings_->low_water_bytes), share.allocated_bytes);
  const std::uint64_t most = saturating_multiply(room / 100, settings_->room_share);
  return saturating_add(share.bytes, room_wanted) > most;
}

void Admission::leave_share(std::uint64_t upload_id) {
  const auto sharer = sharers_.find(upload_id);
  if (sharer == sharers_.end()) {
    return;
  }
  const auto found = shares_.find(sharer->second.client);
  Share& share = found->second;
  share.bytes = saturating_subtract(share.bytes, sharer->second.bytes);
  if (sharer->second.is_allocated) {
    share.allocated_bytes = saturating_subtract(share.allocated_bytes, sharer->second.bytes);
  }
  if (share.bytes == 0) {
    shares_.erase(found);
  }
  sharers_.erase(sharer);
}

bool Admission::lacks_files() const {
  return free_files_ && *free_files_ < limits::free_files_min;
}

// Room that was allocated since the measurement began may be in it already or not.
std::uint64_t Admission::available() const {
  return saturating_subtract(free_bytes_,
                             saturating_subtract(allocated_bytes_, allocated_measured_));
}

std::uint64_t Admission::usable() const {
  return saturating_subtract(available(),
                             saturating_add(settings_->low_water_bytes, promised_bytes_));
}

Task<Result<>> Admission::measure() {
  const auto began = std::chrono::steady_clock::now();
  std::uint64_t allocated_before = 0;
  {
    const MutexLock lock(mutex_);
    allocated_before = allocated_bytes_;
  }
  const Result<store::Space> space = co_await store_.space();
  if (!space) {
    co_return fail(space.error());
  }
  const MutexLock lock(mutex_);
  free_bytes_ = space->free_bytes;
  free_files_ = space->free_files;
  allocated_measured_ = allocated_before;
  known_until_ = began + limits::free_space_known_for;
  co_return Result<>();
}

}  // namespace sluice::upload
