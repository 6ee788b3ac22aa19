// SPDX-License-Identifier: MIT
// The way of one blob's bytes from scratch into objects.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/mutex.h"
#include "base/range_set.h"
#include "model/extent.h"
#include "runtime/event.h"
#include "runtime/task.h"
#include "store/objects/extent_tools.h"
#include "store/store.h"

namespace sluice::store::objects {

// Any thread. A byte is written once.
class ExtentWriter final : public std::enable_shared_from_this<ExtentWriter> {
 public:
  ExtentWriter(ExtentTools& tools, const BlobRef& blob);

  // Blocks. Makes the file with the first call.
  Result<ScratchFile*> file();
  // These bytes are in the file.
  void wrote(ByteRange range, ScratchRoom& room);
  // Begins to write objects of what waits in scratch: those that are full, and what has at least so
  // many bytes in one piece.
  runtime::Task<> start(std::uint64_t least);
  // As Blob::settle().
  runtime::Task<Result<std::vector<model::Extent>>> settle(RangeSet named);
  // Whether it was made through this object, which knows it.
  bool has_made(const std::string& object) const;
  // The front of the range, of one byte at the least: as it was written through this object, or
  // else as it is stored.
  runtime::Task<Result<std::string>> read(ByteRange range);

 private:
  // An object that is being written.
  struct Departure {
    Departure(ExtentTools& tools, std::uint64_t upload_id, ByteRange part)
        : mark(tools.under_way, upload_id),
          range(part),
          object(tools.names.next(upload_id, part)) {}

    const UnderWay::Mark mark;
    const ByteRange range;
    const std::string object;
    Result<> outcome;  // Once `ended` is set.
    runtime::Event ended;
  };
  using Departures = std::vector<std::shared_ptr<Departure>>;

  // Of `wanted`, what waits in scratch is on its way from now on.
  Departures depart(const RangeSet& wanted, std::uint64_t least) REQUIRES(mutex_);
  runtime::Task<> start(Departures departures);
  // `self` keeps the object alive.
  static runtime::Task<> run(std::shared_ptr<ExtentWriter> self,
                             std::shared_ptr<Departure> departure);
  runtime::Task<Result<>> put(const Departure& departure);
  void arrived(const std::shared_ptr<Departure>& departure, Result<> outcome);
  Departures under_way(const RangeSet& ranges) const REQUIRES(mutex_);
  Result<std::vector<model::Extent>> extents_of(const RangeSet& ranges) const;
  // The extent of the front of the range that was written through this object.
  std::optional<model::Extent> made_front(ByteRange range) const;
  // How much of the front of the range was not written through this object.
  std::uint64_t foreign_front(ByteRange range) const;
  runtime::Task<Result<std::string>> read_scratch(std::shared_ptr<ScratchFile> file,
                                                  ByteRange range);

  ExtentTools& tools_;
  const std::uint64_t upload_id_;
  const std::uint64_t object_bytes_;
  Slots slots_;

  mutable Mutex mutex_;
  std::shared_ptr<ScratchFile> file_ GUARDED_BY(mutex_);
  RangeSet written_ GUARDED_BY(mutex_);
  RangeSet waiting_ GUARDED_BY(mutex_);  // Of these, what no object has or is about to have.
  Departures departures_ GUARDED_BY(mutex_);
  std::vector<model::Extent> made_ GUARDED_BY(mutex_);
};

}  // namespace sluice::store::objects
