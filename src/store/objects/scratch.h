// SPDX-License-Identifier: MIT
// Where received bytes wait until an object holds them: files without names, which the kernel
// removes with the process, of a bounded size together.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/range_set.h"
#include "runtime/disk.h"
#include "runtime/event.h"
#include "runtime/readable_file.h"
#include "runtime/task.h"
#include "store/writable_file.h"

namespace sluice::store::objects {

class Scratch;

// Room that is set aside; what is left of it goes back when it is destroyed.
class ScratchRoom {
 public:
  ScratchRoom() = default;
  ScratchRoom(ScratchRoom&& other) noexcept;
  ScratchRoom& operator=(ScratchRoom&& other) noexcept;
  ~ScratchRoom();

  std::uint64_t bytes() const noexcept { return bytes_; }
  // So many bytes of it are another's from now on.
  void spend(std::uint64_t bytes) noexcept;

 private:
  friend class Scratch;
  ScratchRoom(Scratch* scratch, std::uint64_t bytes) : scratch_(scratch), bytes_(bytes) {}

  Scratch* scratch_ = nullptr;
  std::uint64_t bytes_ = 0;
};

// The bytes of one blob, at their offsets in the file. Any thread. A failed disk is `unavailable`,
// also a full one: it says nothing of the bytes that are stored.
class ScratchFile final : public WritableFile, public runtime::ReadableFile {
 public:
  ScratchFile(Scratch& scratch, std::unique_ptr<runtime::DiskFile> file);
  // Gives all of its room back.
  ~ScratchFile() override;

  // These block.
  Result<> write(std::uint64_t offset, Bytes data) override;
  Result<> write_from(runtime::Pipe& pipe, std::uint64_t offset, std::size_t size) override;
  Result<std::size_t> copy_from(int descriptor, std::uint64_t from, std::uint64_t to,
                                std::size_t size) override;
  Result<std::size_t> read_at(std::uint64_t offset, MutableBytes buffer) override;
  // An object holds these bytes now.
  void release(ByteRange range);

  // What was written of the range takes its room from `room`.
  void hold(ByteRange written, ScratchRoom& room);
  // How much of the front of the range it still has.
  std::uint64_t held_front(ByteRange range) const;
  int descriptor() const noexcept override { return file_->descriptor(); }

 private:
  Scratch& scratch_;
  const std::unique_ptr<runtime::DiskFile> file_;
  mutable Mutex mutex_;
  RangeSet held_ GUARDED_BY(mutex_);
};

// Outlives its files and their room. Any thread.
class Scratch {
 public:
  // The disk outlives this, and so does the gauge of the room that is taken, which may be null.
  // `directory` is there.
  Scratch(runtime::Disk& disk, std::string directory, std::uint64_t bytes_max,
          Gauge* in_use = nullptr)
      : disk_(disk), directory_(std::move(directory)), bytes_max_(bytes_max), in_use_(in_use) {}

  // Blocks.
  Result<std::shared_ptr<ScratchFile>> open();
  // Waits for room: for `most` bytes, or for fewer where little is left. overloaded when `timeout`
  // passed first.
  runtime::Task<Result<ScratchRoom>> acquire(std::uint64_t most, Duration timeout);
  // So little is left that bytes should leave soon.
  bool is_scarce() const;
  std::uint64_t used() const;

 private:
  friend class ScratchRoom;
  friend class ScratchFile;
  void tell_used() REQUIRES(mutex_);
  // 0: there is none.
  std::uint64_t take(std::uint64_t most) REQUIRES(mutex_);
  void give_back(std::uint64_t bytes) noexcept;

  runtime::Disk& disk_;
  const std::string directory_;
  const std::uint64_t bytes_max_;
  Gauge* const in_use_;

  mutable Mutex mutex_;
  std::uint64_t used_ GUARDED_BY(mutex_) = 0;
  std::deque<std::shared_ptr<runtime::Event>> waiting_ GUARDED_BY(mutex_);
};

}  // namespace sluice::store::objects
