// SPDX-License-Identifier: MIT
#include "store/objects/extent_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "base/digest.h"
#include "base/limits.h"
#include "outgoing/body.h"
#include "store/objects/folds.h"

namespace sluice::store::objects {

using runtime::Task;

namespace {

ByteRange common(ByteRange some, ByteRange other) {
  return {std::max(some.begin, other.begin), std::min(some.end, other.end)};
}

// Blocks.
Result<Sha256Digest> hash(ScratchFile& file, ByteRange range) {
  Sha256 digest;
  std::vector<std::byte> buffer(limits::buffer_bytes);
  for (std::uint64_t at = range.begin; at < range.end;) {
    const MutableBytes some =
        MutableBytes(buffer).first(std::min<std::uint64_t>(buffer.size(), range.end - at));
    const Result<std::size_t> count = file.read_at(at, some);
    if (!count) {
      return fail(count.error());
    }
    if (*count != some.size()) {
      return fail(Errc::storage_failed, "the scratch directory has lost bytes of an upload");
    }
    digest.add(some);
    at += some.size();
  }
  return digest.finish();
}

}  // namespace

ExtentWriter::ExtentWriter(ExtentTools& tools, const BlobRef& blob)
    : tools_(tools),
      upload_id_(blob.upload_id),
      object_bytes_(extent_bytes_of(blob.file_size)),
      slots_(limits::extent_puts_of_blob_max) {}

Result<ScratchFile*> ExtentWriter::file() {
  const MutexLock lock(mutex_);
  if (!file_) {
    Result<std::shared_ptr<ScratchFile>> made = tools_.scratch.open();
    if (!made) {
      return fail(made.error());
    }
    file_ = *std::move(made);
  }
  return file_.get();
}

void ExtentWriter::wrote(ByteRange range, ScratchRoom& room) {
  const MutexLock lock(mutex_);
  file_->hold(range, room);
  written_.add(range);
  waiting_.add(range);
}

ExtentWriter::Departures ExtentWriter::depart(const RangeSet& wanted, std::uint64_t least) {
  Departures departures;
  for (const ByteRange& range : common(wanted, waiting_).ranges()) {
    for (std::uint64_t at = range.begin; at < range.end; at += object_bytes_) {
      const ByteRange part{at, std::min(range.end, at + object_bytes_)};
      if (part.size() < std::min(least, object_bytes_)) {
        break;
      }
      waiting_.remove(part);
      departures.push_back(std::make_shared<Departure>(tools_, upload_id_, part));
      departures_.push_back(departures.back());
    }
  }
  return departures;
}

Task<> ExtentWriter::start(std::uint64_t least) {
  Departures departures;
  {
    const MutexLock lock(mutex_);
    departures = depart(RangeSet(waiting_), least);
  }
  co_await start(std::move(departures));
}

Task<> ExtentWriter::start(Departures departures) {
  const runtime::Executor executor = co_await boost::asio::this_coro::executor;
  for (std::shared_ptr<Departure>& departure : departures) {
    runtime::start(executor, tools_.log, "an extent",
                   run(shared_from_this(), std::move(departure)));
  }
}

Task<> ExtentWriter::run(std::shared_ptr<ExtentWriter> self, std::shared_ptr<Departure> departure) {
  const Slot of_blob = co_await self->slots_.acquire();
  const Slot of_all = co_await self->tools_.slots.acquire();
  const Result<> outcome = co_await self->put(*departure);
  self->arrived(departure, outcome);
  if (outcome) {
    auto release = [&self, range = departure->range]() -> Result<> {
      Result<ScratchFile*> file = self->file();
      if (file) {
        (*file)->release(range);
      }
      return {};
    };
    std::ignore = co_await runtime::offload(self->tools_.receiving.pool, std::move(release));
  }
}

Task<Result<>> ExtentWriter::put(const Departure& departure) {
  std::shared_ptr<ScratchFile> file;
  {
    const MutexLock lock(mutex_);
    file = file_;
  }
  const ByteRange range = departure.range;
  auto work = [&file, range] { return hash(*file, range); };
  const Result<Sha256Digest> digest =
      co_await runtime::offload(tools_.receiving.pool, std::move(work));
  if (!digest) {
    co_return fail(digest.error());
  }
  s3::Payload payload{std::make_shared<outgoing::FileBody>(file, range.size(), range.begin),
                      *digest};
  co_return co_await tools_.objects.put(departure.object, std::move(payload));
}

// What has not arrived goes under another name the next time: the object of this one may still be
// made.
void ExtentWriter::arrived(const std::shared_ptr<Departure>& departure, Result<> outcome) {
  {
    const MutexLock lock(mutex_);
    std::erase(departures_, departure);
    if (outcome) {
      made_.push_back({departure->range, departure->object});
    } else {
      waiting_.add(departure->range);
    }
    departure->outcome = std::move(outcome);
  }
  departure->ended.set();
}

ExtentWriter::Departures ExtentWriter::under_way(const RangeSet& ranges) const {
  Departures found;
  for (const std::shared_ptr<Departure>& departure : departures_) {
    if (std::ranges::any_of(ranges.ranges(), [&](const ByteRange& range) {
          return range.overlaps(departure->range);
        })) {
      found.push_back(departure);
    }
  }
  return found;
}

Task<Result<std::vector<model::Extent>>> ExtentWriter::settle(RangeSet named) {
  Departures begun;
  Departures awaited;
  {
    // Of bytes that others write, none may fail in between.
    const MutexLock lock(mutex_);
    begun = depart(named, 1);
    awaited = under_way(named);
  }
  co_await start(std::move(begun));
  Result<> outcome;
  for (const std::shared_ptr<Departure>& departure : awaited) {
    while (!co_await departure->ended.wait(limits::extent_wait_max)) {
    }
    if (!departure->outcome) {
      outcome = departure->outcome;
    }
  }
  if (!outcome) {
    co_return fail(outcome.error());
  }
  Result<std::vector<model::Extent>> extents = extents_of(named);
  if (extents && tools_.folds != nullptr) {
    tools_.folds->settled(upload_id_, *extents);
  }
  co_return extents;
}

Result<std::vector<model::Extent>> ExtentWriter::extents_of(const RangeSet& ranges) const {
  const MutexLock lock(mutex_);
  std::vector<model::Extent> extents;
  RangeSet missing = ranges;
  for (const model::Extent& extent : made_) {
    for (const ByteRange& range : ranges.ranges()) {
      if (const ByteRange part = common(extent.range, range); !part.empty()) {
        extents.push_back(model::clipped(extent, part));
        missing.remove(part);
      }
    }
  }
  if (!missing.empty()) {
    return fail(Errc::storage_failed, fmt::format("bytes {} of upload {} are in no object",
                                                  missing.to_text(), upload_id_));
  }
  return extents;
}

bool ExtentWriter::has_made(const std::string& object) const {
  const MutexLock lock(mutex_);
  return std::ranges::find(made_, object, &model::Extent::object) != made_.end();
}

Task<Result<std::string>> ExtentWriter::read(ByteRange range) {
  std::shared_ptr<ScratchFile> file;
  {
    const MutexLock lock(mutex_);
    file = file_;
  }
  const std::uint64_t held = file ? file->held_front(range) : 0;
  if (held > 0) {
    const ByteRange front{range.begin, range.begin + held};
    Result<std::string> bytes = co_await read_scratch(file, front);
    // Else an object has taken its place, and what was read may be none of it.
    if (!bytes || file->held_front(front) == held) {
      co_return bytes;
    }
  }
  if (const std::optional<model::Extent> made = made_front(range)) {
    Result<std::string> bytes = co_await tools_.reader.read_part(*made);
    if (bytes || bytes.error().code() != Errc::file_missing) {
      co_return bytes;
    }
    // The journal has named another object in its place.
    range = made->range;
  } else {
    range.end = range.begin + foreign_front(range);
  }
  if (range.empty()) {
    co_return fail(Errc::storage_failed, "the scratch directory has lost bytes of an upload");
  }
  co_return co_await tools_.reader.read(upload_id_, range);
}

std::optional<model::Extent> ExtentWriter::made_front(ByteRange range) const {
  const MutexLock lock(mutex_);
  for (const model::Extent& extent : made_) {
    const ByteRange part = common(extent.range, range);
    if (!part.empty() && part.begin == range.begin) {
      return model::clipped(extent, part);
    }
  }
  return std::nullopt;
}

std::uint64_t ExtentWriter::foreign_front(ByteRange range) const {
  const MutexLock lock(mutex_);
  const std::vector<ByteRange> foreign = written_.missing(range);
  const bool begins = !foreign.empty() && foreign.front().begin == range.begin;
  return begins ? foreign.front().size() : 0;
}

Task<Result<std::string>> ExtentWriter::read_scratch(std::shared_ptr<ScratchFile> file,
                                                     ByteRange range) {
  auto work = [&file, range]() -> Result<std::string> {
    std::string bytes(range.size(), '\0');
    const Result<std::size_t> count =
        file->read_at(range.begin, std::as_writable_bytes(std::span(bytes)));
    if (!count) {
      return fail(count.error());
    }
    bytes.resize(*count);
    return bytes;
  };
  co_return co_await runtime::offload(tools_.receiving.pool, std::move(work));
}

}  // namespace sluice::store::objects
