// SPDX-License-Identifier: MIT
#include "fsck/bucket.h"

#include <utility>

#include "runtime/task.h"
#include "store/objects/extent_names.h"

namespace sluice::fsck {
namespace {

using store::objects::ExtentNames;

template <class T>
runtime::Task<> keep_answer(runtime::Task<T> task, std::optional<T>* result) {
  result->emplace(co_await std::move(task));
}

}  // namespace

Result<std::vector<UploadObject>> Bucket::objects_of(std::uint64_t upload_id) {
  const ExtentNames names(prefix_);
  std::vector<UploadObject> objects;
  std::string next;
  do {
    Result<s3::ListPage> page = list(names.prefix_of(upload_id), next);
    if (!page) {
      return fail(page.error());
    }
    for (s3::ListedObject& object : page->objects) {
      if (const auto name = names.parse(object.key)) {
        objects.push_back({std::move(object.key), object.size, name->range});
      }
    }
    next = std::move(page->next);
  } while (!next.empty());
  return objects;
}

// Objects of one upload follow each other: their names begin alike.
Result<> Bucket::for_each_upload(const Visit& visit) {
  const ExtentNames names(prefix_);
  std::uint64_t upload_id = 0;
  std::uint64_t objects = 0;
  std::uint64_t bytes = 0;
  const auto tell = [&]() -> Result<> {
    return objects == 0 ? Result<>() : visit(upload_id, objects, bytes);
  };
  std::string next;
  do {
    Result<s3::ListPage> page = list(names.prefix_of_all(), next);
    if (!page) {
      return fail(page.error());
    }
    for (const s3::ListedObject& object : page->objects) {
      const auto name = names.parse(object.key);
      if (!name) {
        continue;
      }
      if (name->upload_id != upload_id) {
        if (const Result<> told = tell(); !told) {
          return told;
        }
        upload_id = name->upload_id;
        objects = 0;
        bytes = 0;
      }
      ++objects;
      bytes += object.size;
    }
    next = std::move(page->next);
  } while (!next.empty());
  return tell();
}

Result<std::optional<std::uint64_t>> Bucket::size_of_file(const std::string& name) {
  std::optional<Result<std::optional<s3::ObjectFacts>>> facts;
  runtime::run_and_wait(worker_.executor(), log_, "head",
                        keep_answer(objects_.head(ExtentNames(prefix_).of_file(name)), &facts));
  if (!*facts) {
    return fail(facts->error());
  }
  return **facts ? std::optional((**facts)->size) : std::nullopt;
}

Result<> Bucket::for_each_file(const std::string& folder, const VisitFile& visit) {
  const std::string prefix = ExtentNames(prefix_).of_file(folder) + "/";
  std::string next;
  do {
    Result<s3::ListPage> page = list(prefix, next);
    if (!page) {
      return fail(page.error());
    }
    for (const s3::ListedObject& object : page->objects) {
      if (const Result<> visited = visit(object.key.substr(prefix.size()), object.size); !visited) {
        return visited;
      }
    }
    next = std::move(page->next);
  } while (!next.empty());
  return {};
}

Result<s3::ListPage> Bucket::list(const std::string& prefix, const std::string& next) {
  std::optional<Result<s3::ListPage>> page;
  runtime::run_and_wait(worker_.executor(), log_, "list",
                        keep_answer(objects_.list(prefix, next), &page));
  return *std::move(page);
}

}  // namespace sluice::fsck
