// SPDX-License-Identifier: MIT
#include "store/objects/merger.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace sluice::store::objects {

using runtime::Task;
using Extents = std::vector<model::Extent>;

namespace {

// Whether the only extent is all of its object: this may have bytes that the journal never named.
Task<Result<bool>> is_whole_object(ExtentTools& tools, const Extents& extents, std::uint64_t size) {
  if (extents.size() != 1 || extents.front().object_begin != 0) {
    co_return false;
  }
  const Result<std::optional<s3::ObjectFacts>> facts =
      co_await tools.objects.head(extents.front().object);
  if (!facts) {
    co_return fail(facts.error());
  }
  co_return *facts && (*facts)->size == size;
}

// Those of a file that is made of the bytes of `range`.
Extents cut_out(const Extents& all, ByteRange range) {
  Extents some;
  for (const model::Extent& extent : all) {
    const ByteRange common{std::max(extent.range.begin, range.begin),
                           std::min(extent.range.end, range.end)};
    if (!common.empty()) {
      some.push_back(model::clipped(extent, common));
      some.back().range = {common.begin - range.begin, common.end - range.begin};
    }
  }
  return some;
}

}  // namespace

Task<Result<std::string>> Merger::merge(std::uint64_t upload_id, std::uint64_t size) {
  const UnderWay::Mark mark(tools_.under_way, upload_id);
  Result<Extents> extents = co_await tools_.reader.whole(upload_id, size);
  if (!extents) {
    co_return fail(extents.error());
  }
  const Result<bool> is_whole = co_await is_whole_object(tools_, *extents, size);
  if (!is_whole) {
    co_return fail(is_whole.error());
  }
  if (*is_whole) {
    co_return extents->front().object;
  }
  const ByteRange all{0, size};
  std::string object = tools_.names.next(upload_id, all);
  Assembly assembly(tools_, copying_, {tools_.objects, object, {}});
  const Result<> made = co_await assembly.make(size, *extents);
  if (!made) {
    co_return fail(made.error());
  }
  if (!extents->empty()) {
    model::Extent whole{all, object};
    const Result<> exchanged = co_await exchange_extents(tools_, replace_, upload_id,
                                                         *std::move(extents), std::move(whole));
    if (!exchanged) {
      co_return fail(exchanged.error());
    }
  }
  co_return object;
}

Task<Result<>> Merger::copy(std::uint64_t upload_id, std::uint64_t size, ByteRange range,
                            AssemblyPlace place) {
  const UnderWay::Mark mark(tools_.under_way, upload_id);
  Result<Extents> extents = co_await tools_.reader.whole(upload_id, size);
  if (!extents) {
    co_return fail(extents.error());
  }
  Assembly assembly(tools_, copying_, std::move(place));
  co_return co_await assembly.make(range.size(), cut_out(*extents, range));
}

}  // namespace sluice::store::objects
