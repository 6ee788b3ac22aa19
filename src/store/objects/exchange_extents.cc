// SPDX-License-Identifier: MIT
#include "store/objects/exchange_extents.h"

#include <set>
#include <string>
#include <utility>

namespace sluice::store::objects {

using runtime::Task;

namespace {

// Only these say for certain that the journal has not made the change.
bool is_unknown(const Error& error) {
  return error.code() != Errc::conflict && error.code() != Errc::internal &&
         error.code() != Errc::disk_full;
}

// They go at the end of the upload otherwise.
Task<> remove_unnamed(ExtentTools& tools, std::uint64_t upload_id, std::set<std::string> objects) {
  std::vector<std::string> names(objects.begin(), objects.end());
  const Result<> removed = co_await tools.objects.remove(std::move(names));
  if (!removed) {
    tools.log.warn("objects that are not needed stay",
                   {{"upload", upload_id}, {"reason", removed.error().message()}});
  }
}

}  // namespace

Task<Result<>> exchange_extents(ExtentTools& tools, const ReplaceExtents& replace,
                                std::uint64_t upload_id, std::vector<model::Extent> old,
                                model::Extent made) {
  std::set<std::string> sources;
  for (const model::Extent& extent : old) {
    sources.insert(extent.object);
  }
  std::set<std::string> target{made.object};
  std::vector<model::Extent> only{std::move(made)};
  const Result<> replaced = co_await replace(upload_id, std::move(old), std::move(only));
  if (replaced) {
    co_await remove_unnamed(tools, upload_id, std::move(sources));
  } else if (!is_unknown(replaced.error())) {
    co_await remove_unnamed(tools, upload_id, std::move(target));
  }
  co_return replaced;
}

}  // namespace sluice::store::objects
