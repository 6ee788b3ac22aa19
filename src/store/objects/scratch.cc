// SPDX-License-Identifier: MIT
#include "store/objects/scratch.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "base/limits.h"

namespace sluice::store::objects {
namespace {

using std::chrono::steady_clock;

std::unexpected<Error> fail_as_scratch(const Error& error) {
  return fail(Errc::unavailable, "the scratch directory: " + error.message());
}

}  // namespace

ScratchRoom::ScratchRoom(ScratchRoom&& other) noexcept
    : scratch_(std::exchange(other.scratch_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

ScratchRoom& ScratchRoom::operator=(ScratchRoom&& other) noexcept {
  std::swap(scratch_, other.scratch_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

ScratchRoom::~ScratchRoom() {
  if (bytes_ > 0) {
    scratch_->give_back(bytes_);
  }
}

void ScratchRoom::spend(std::uint64_t bytes) noexcept {
  bytes_ -= std::min(bytes_, bytes);
}

ScratchFile::ScratchFile(Scratch& scratch, std::unique_ptr<runtime::DiskFile> file)
    : scratch_(scratch), file_(std::move(file)) {}

ScratchFile::~ScratchFile() {
  const MutexLock lock(mutex_);
  scratch_.give_back(held_.total());
}

Result<> ScratchFile::write(std::uint64_t offset, Bytes data) {
  const Result<> written = file_->write_at(offset, data);
  return written ? written : fail_as_scratch(written.error());
}

Result<> ScratchFile::write_from(runtime::Pipe& pipe, std::uint64_t offset, std::size_t size) {
  const Result<> written = file_->write_from(pipe, offset, size);
  return written ? written : fail_as_scratch(written.error());
}

Result<std::size_t> ScratchFile::copy_from(int descriptor, std::uint64_t from, std::uint64_t to,
                                           std::size_t size) {
  const Result<std::size_t> copied = file_->copy_from(descriptor, from, to, size);
  return copied ? copied : fail_as_scratch(copied.error());
}

Result<std::size_t> ScratchFile::read_at(std::uint64_t offset, MutableBytes buffer) {
  const Result<std::size_t> count = file_->read_at(offset, buffer);
  return count ? count : fail_as_scratch(count.error());
}

void ScratchFile::hold(ByteRange written, ScratchRoom& room) {
  const MutexLock lock(mutex_);
  const std::uint64_t before = held_.total();
  held_.add(written);
  room.spend(held_.total() - before);
}

std::uint64_t ScratchFile::held_front(ByteRange range) const {
  const MutexLock lock(mutex_);
  const std::vector<ByteRange> missing = held_.missing(range);
  return missing.empty() ? range.size() : missing.front().begin - range.begin;
}

// Room that the disk does not give back is still counted.
void ScratchFile::release(ByteRange range) {
  if (!file_->release(range)) {
    return;
  }
  const MutexLock lock(mutex_);
  const std::uint64_t before = held_.total();
  held_.remove(range);
  scratch_.give_back(before - held_.total());
}

Result<std::shared_ptr<ScratchFile>> Scratch::open() {
  auto file = disk_.open(directory_, runtime::OpenMode::unnamed);
  if (!file) {
    return fail_as_scratch(file.error());
  }
  return std::make_shared<ScratchFile>(*this, *std::move(file));
}

void Scratch::tell_used() {
  if (in_use_ != nullptr) {
    in_use_->set(static_cast<std::int64_t>(used_));
  }
}

// A fraction of what is left, so that no request takes all of it, and as much as a buffer holds:
// with less a request does not begin.
std::uint64_t Scratch::take(std::uint64_t most) {
  const std::uint64_t left = bytes_max_ - used_;
  const std::uint64_t fair = std::max<std::uint64_t>(left / 16, limits::buffer_bytes);
  const std::uint64_t taken = std::min(most, fair);
  if (taken > left) {
    return 0;
  }
  used_ += taken;
  tell_used();
  return taken;
}

runtime::Task<Result<ScratchRoom>> Scratch::acquire(std::uint64_t most, Duration timeout) {
  const auto give_up_at = steady_clock::now() + timeout;
  for (;;) {
    const auto freed = std::make_shared<runtime::Event>();
    {
      const MutexLock lock(mutex_);
      if (const std::uint64_t taken = take(most); taken > 0) {
        co_return ScratchRoom(this, taken);
      }
      waiting_.push_back(freed);
    }
    const auto left = std::chrono::ceil<Duration>(give_up_at - steady_clock::now());
    const bool is_freed = left > Duration::zero() && co_await freed->wait(left);
    if (!is_freed) {
      const MutexLock lock(mutex_);
      std::erase(waiting_, freed);
      co_return fail(Errc::overloaded, "the scratch directory has no room for more bytes");
    }
  }
}

bool Scratch::is_scarce() const {
  const MutexLock lock(mutex_);
  return used_ >= bytes_max_ / 4 * 3;
}

std::uint64_t Scratch::used() const {
  const MutexLock lock(mutex_);
  return used_;
}

void Scratch::give_back(std::uint64_t bytes) noexcept {
  std::deque<std::shared_ptr<runtime::Event>> woken;
  {
    const MutexLock lock(mutex_);
    used_ -= bytes;
    tell_used();
    if (bytes > 0) {
      woken.swap(waiting_);
    }
  }
  for (const std::shared_ptr<runtime::Event>& event : woken) {
    event->set();
  }
}

}  // namespace sluice::store::objects
