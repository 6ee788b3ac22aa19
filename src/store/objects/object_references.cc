// SPDX-License-Identifier: MIT
#include "store/objects/object_references.h"

#include <vector>

#include "base/limits.h"
#include "base/random.h"

namespace sluice::store::objects {

using runtime::Task;

namespace {

ObjectReference reference_to(const Bucket& bucket, const std::string& key, std::uint64_t size) {
  return {bucket.name, key, size, bucket.objects.presigned_get(key, limits::reference_url_life)};
}

}  // namespace

Task<Result<Reference>> ObjectReferences::refer(FinishedUpload upload) {
  const Result<std::string> key = co_await merger_.merge(upload.id, upload.size);
  if (!key) {
    co_return fail(key.error());
  }
  co_return reference_to(bucket_, *key, upload.size);
}

Task<> ObjectReferences::withdraw(FinishedUpload /*upload*/) {
  co_return;
}

Task<Result<Reference>> CopiedReferences::refer(FinishedUpload upload) {
  const Result<s3::ListPage> there = co_await theirs_.objects.list(prefix_of(upload), "");
  if (!there) {
    co_return fail(there.error());
  }
  for (const s3::ListedObject& object : there->objects) {
    if (object.size == upload.size) {
      co_return reference_to(theirs_, object.key, upload.size);
    }
  }
  const Result<std::string> key = co_await copy(upload);
  if (!key) {
    co_return fail(key.error());
  }
  co_return reference_to(theirs_, *key, upload.size);
}

Task<Result<std::string>> CopiedReferences::copy(const FinishedUpload& upload) {
  std::string key = prefix_of(upload) + random_hex_id();
  AssemblyPlace place{theirs_.objects, key, own_};
  const Result<> copied =
      co_await merger_.copy(upload.id, upload.size, {0, upload.size}, std::move(place));
  if (!copied) {
    co_return fail(copied.error());
  }
  co_return key;
}

Task<> CopiedReferences::withdraw(FinishedUpload upload) {
  const Result<s3::ListPage> there = co_await theirs_.objects.list(prefix_of(upload), "");
  std::vector<std::string> keys;
  if (there) {
    for (const s3::ListedObject& object : there->objects) {
      keys.push_back(object.key);
    }
  }
  if (!keys.empty()) {
    std::ignore = co_await theirs_.objects.remove(std::move(keys));
  }
}

}  // namespace sluice::store::objects
