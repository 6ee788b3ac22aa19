// SPDX-License-Identifier: MIT
#include "store/objects/extent_store.h"

#include <fmt/format.h>

#include <utility>

#include "base/limits.h"
#include "store/file_source.h"
#include "store/objects/extent_file.h"
#include "store/objects/merger.h"
#include "store/objects/removal.h"

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
    const Result<std::size_t> removed = co_await remove_listed(tools_.objects, prefix);
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

Task<Result<std::shared_ptr<runtime::ReadableFile>>> ExtentStore::open_finished(
    std::uint64_t upload_id, std::uint64_t size) {
  const auto whole = co_await tools_.reader.whole(upload_id, size);
  if (!whole) {
    co_return fail(whole.error());
  }
  auto read = [this, upload_id](ByteRange range) { return tools_.reader.read(upload_id, range); };
  co_return std::make_shared<ExtentFile>(tools_, executor_, upload_id, size, std::move(read));
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

Task<Result<bool>> ExtentStore::finish(std::uint64_t upload_id, std::vector<NamedRange> files) {
  if (tools_.merger == nullptr) {
    co_return fail(Errc::internal, "nothing makes files of finished uploads");
  }
  const std::uint64_t size = files.back().range.end;
  bool made = false;
  for (NamedRange& file : files) {
    const Result<bool> made_one = co_await make_file(upload_id, size, std::move(file));
    if (!made_one) {
      co_return made_one;
    }
    made = made || *made_one;
  }
  co_return made&& size > 0;
}

Task<Result<bool>> ExtentStore::make_file(std::uint64_t upload_id, std::uint64_t size,
                                          NamedRange file) {
  std::string key = tools_.names.of_file(file.name);
  const Result<std::optional<s3::ObjectFacts>> there = co_await tools_.objects.head(key);
  if (!there) {
    co_return fail(there.error());
  }
  if (!*there) {
    const Result<> made = co_await tools_.merger->copy(upload_id, size, file.range,
                                                       {tools_.objects, std::move(key), {}});
    co_return made ? Result<bool>(true) : fail(made.error());
  }
  if ((*there)->size != file.range.size()) {
    co_return fail(Errc::storage_failed, fmt::format("the object {} has {} bytes, {} were expected",
                                                     key, (*there)->size, file.range.size()));
  }
  co_return false;
}

Task<Result<Space>> ExtentStore::space() {
  co_return Space{limits::unbounded_space, limits::unbounded_space};
}

}  // namespace sluice::store::objects
