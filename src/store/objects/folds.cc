// SPDX-License-Identifier: MIT
#include "store/objects/folds.h"

#include <algorithm>
#include <string>

#include "store/objects/gather.h"

namespace sluice::store::objects {

using runtime::Task;

void Folds::settled(std::uint64_t upload_id, const std::vector<model::Extent>& extents) {
  const auto small = std::ranges::count_if(extents, [](const model::Extent& extent) {
    return extent.range.size() < limits::s3_part_bytes_min;
  });
  if (begin(upload_id, static_cast<std::size_t>(small))) {
    runtime::start(
        executor_, tools_.log, "a fold",
        run(*this, upload_id, std::make_unique<UnderWay::Mark>(tools_.under_way, upload_id)));
  }
}

// An upload that is forgotten for others has to get its number of extents anew.
bool Folds::begin(std::uint64_t upload_id, std::size_t count) {
  const MutexLock lock(mutex_);
  if (count == 0) {
    return false;
  }
  if (counts_.size() >= limits::folds_watched_max && !counts_.contains(upload_id)) {
    counts_.erase(counts_.begin());
  }
  std::size_t& settled = counts_[upload_id];
  settled += count;
  if (settled < limits::fold_look_extents) {
    return false;
  }
  counts_.erase(upload_id);
  return under_way_.insert(upload_id).second;
}

Task<> Folds::run(Folds& folds, std::uint64_t upload_id,
                  std::unique_ptr<const UnderWay::Mark> /*mark*/) {
  const Slot turn = co_await folds.slots_.acquire();
  const Result<> folded = co_await folds.fold(upload_id);
  if (!folded) {
    folds.tools_.log.warn("small objects stay as they are",
                          {{"upload", upload_id}, {"reason", folded.error().message()}});
  }
  const MutexLock lock(folds.mutex_);
  folds.under_way_.erase(upload_id);
}

Task<Result<>> Folds::fold(std::uint64_t upload_id) {
  Result<std::vector<model::Extent>> extents = co_await tools_.reader.extents(upload_id);
  if (!extents) {
    co_return fail(extents.error());
  }
  std::erase_if(*extents,
                [this](const model::Extent& extent) { return !tools_.names.is_whole(extent); });
  for (const s3::Fold& planned : s3::plan_fold(*extents)) {
    // Bytes that clients send come first.
    if (tools_.scratch.is_scarce()) {
      break;
    }
    const auto first = extents->begin() + static_cast<std::ptrdiff_t>(planned.first);
    std::vector<model::Extent> sources(first, first + static_cast<std::ptrdiff_t>(planned.count));
    const Result<> made = co_await make_one(upload_id, std::move(sources));
    if (!made) {
      co_return made;
    }
  }
  co_return Result<>();
}

Task<Result<>> Folds::make_one(std::uint64_t upload_id, std::vector<model::Extent> sources) {
  const ByteRange range{sources.front().range.begin, sources.back().range.end};
  const model::Extent made{range, tools_.names.next(upload_id, range)};
  {
    const Slot turn = co_await tools_.gathers.acquire();
    Result<s3::Payload> payload = co_await gather(tools_, sources);
    if (!payload) {
      co_return fail(payload.error());
    }
    const Result<> put = co_await tools_.objects.put(made.object, *std::move(payload));
    if (!put) {
      co_return put;
    }
  }
  co_return co_await exchange_extents(tools_, replace_, upload_id, std::move(sources), made);
}

}  // namespace sluice::store::objects
