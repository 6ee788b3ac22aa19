// SPDX-License-Identifier: MIT
#include "store/objects/extent_store.h"

#include <fmt/format.h>

#include <utility>

#include "base/limits.h"
#include "store/file_source.h"
#include "store/objects/extent_file.h"

namespace sluice::store::objects {

using runtime::Task;

ExtentStore::ExtentStore(ExtentStoreParts parts, const std::string& prefix)
    : tools_{.objects = parts.objects,
             .scratch = parts.scratch,
             .log = parts.log,
             .reader = {parts.objects, std::move(parts.find)},
             .names = ExtentNames(prefix),
             .receiving = {parts.pool, parts.buffers, parts.metrics},
             .slots = Slots(limits::extent_puts_max)},
      executor_(parts.executor) {
  if (parts.replace) {
    folds_.emplace(tools_, executor_, std::move(parts.replace));
    tools_.folds = &*folds_;
  }
}

std::unique_ptr<Blob> ExtentStore::open(const BlobRef& blob) {
  return std::make_unique<ExtentBlob>(tools_, blob);
}

// A request of an earlier process may still be under way: what is found after the first removal
// came late.
Task<Result<>> ExtentStore::remove(std::uint64_t upload_id) {
  co_await tools_.under_way.wait_for(upload_id);
  const std::string prefix = tools_.names.prefix_of(upload_id);
  for (int round = 0; round < limits::extent_removal_rounds_max; ++round) {
    const Result<std::size_t> removed = co_await remove_listed(prefix);
    if (!removed) {
      co_return fail(removed.error());
    }
    if (*removed == 0) {
      co_return Result<>();
    }
  }
  co_return fail(
      Errc::unavailable,
      fmt::format("objects of upload {} are still there after their removal", upload_id));
}

Task<Result<std::size_t>> ExtentStore::remove_listed(std::string prefix) {
  std::size_t removed = 0;
  std::string next;
  do {
    Result<s3::ListPage> page = co_await tools_.objects.list(prefix, next);
    if (!page) {
      co_return fail(page.error());
    }
    std::vector<std::string> names;
    for (s3::ListedObject& object : page->objects) {
      names.push_back(std::move(object.key));
    }
    removed += names.size();
    next = std::move(page->next);
    if (!names.empty()) {
      const Result<> done = co_await tools_.objects.remove(std::move(names));
      if (!done) {
        co_return fail(done.error());
      }
    }
  } while (!next.empty());
  co_return removed;
}

Task<Result<std::shared_ptr<runtime::ReadableFile>>> ExtentStore::open_finished(
    std::uint64_t upload_id, std::uint64_t size) {
  const auto whole = co_await tools_.reader.whole(upload_id, size);
  if (!whole) {
    co_return fail(whole.error());
  }
  co_return std::make_shared<ExtentFile>(tools_, executor_, upload_id, size);
}

Task<Result<std::unique_ptr<runtime::ByteSource>>> ExtentStore::read_finished(
    std::uint64_t upload_id, std::uint64_t size, std::uint64_t begin) {
  auto file = co_await open_finished(upload_id, size);
  if (!file) {
    co_return fail(file.error());
  }
  co_return std::make_unique<FileSource>(tools_.receiving.pool, *std::move(file),
                                         ByteRange{begin, size},
                                         fmt::format("upload {}", upload_id));
}

Task<Result<bool>> ExtentStore::finish(std::uint64_t /*upload_id*/,
                                       std::vector<NamedRange> /*files*/) {
  co_return fail(Errc::internal, "files of finished uploads are not kept in objects");
}

Task<Result<Space>> ExtentStore::space() {
  co_return Space{limits::unbounded_space, limits::unbounded_space};
}

}  // namespace sluice::store::objects
