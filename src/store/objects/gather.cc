// SPDX-License-Identifier: MIT
#include "store/objects/gather.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/digest.h"
#include "base/limits.h"
#include "outgoing/body.h"
#include "runtime/blocking_pool.h"

namespace sluice::store::objects {

using runtime::Task;

namespace {

// A file with the bytes that were read so far, and their digest.
struct Gathered {
  std::shared_ptr<ScratchFile> file;
  Sha256 digest = {};
};

// Reads the front of `part` and takes it from there.
Task<Result<>> gather_front(ExtentTools& tools, model::Extent& part, Gathered& gathered) {
  const std::uint64_t most = std::min<std::uint64_t>(part.range.size(), limits::extent_read_bytes);
  Result<ScratchRoom> room = co_await tools.scratch.acquire(most, limits::buffer_wait_max);
  if (!room) {
    co_return fail(room.error());
  }
  const ByteRange range{part.range.begin, part.range.begin + room->bytes()};
  const Result<std::string> bytes = co_await tools.reader.read_part(model::clipped(part, range));
  if (!bytes) {
    co_return fail(bytes.error());
  }
  gathered.file->hold(range, *room);
  auto work = [&gathered, &range, &bytes] {
    gathered.digest.add(as_bytes(*bytes));
    return gathered.file->write(range.begin, as_bytes(*bytes));
  };
  const Result<> written = co_await runtime::offload(tools.receiving.pool, std::move(work));
  if (!written) {
    co_return written;
  }
  part = model::clipped(part, {range.end, part.range.end});
  co_return Result<>();
}

}  // namespace

Task<Result<s3::Payload>> gather(ExtentTools& tools, std::vector<model::Extent> sources) {
  auto open = [&tools] { return tools.scratch.open(); };
  Result<std::shared_ptr<ScratchFile>> file =
      co_await runtime::offload(tools.receiving.pool, std::move(open));
  if (!file) {
    co_return fail(file.error());
  }
  const ByteRange all{sources.front().range.begin, sources.back().range.end};
  Gathered gathered{*std::move(file)};
  for (model::Extent& part : sources) {
    while (!part.range.empty()) {
      const Result<> read = co_await gather_front(tools, part, gathered);
      if (!read) {
        co_return fail(read.error());
      }
    }
  }
  co_return s3::Payload{
      std::make_shared<outgoing::FileBody>(std::move(gathered.file), all.size(), all.begin),
      gathered.digest.finish()};
}

}  // namespace sluice::store::objects
