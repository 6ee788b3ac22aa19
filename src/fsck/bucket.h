// SPDX-License-Identifier: MIT
// The objects of uploads in a store, for a program that does one thing after the other: every call
// blocks.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "fsck/extents.h"
#include "runtime/worker.h"
#include "s3/object_store.h"

namespace sluice::fsck {

class Bucket {
 public:
  // The store outlives this. All keys begin with `prefix`, as store::objects::ExtentNames has it.
  Bucket(s3::ObjectStore& objects, std::string prefix)
      : objects_(objects), prefix_(std::move(prefix)) {}

  // Those of the upload whose names are such as the server gives.
  Result<std::vector<UploadObject>> objects_of(std::uint64_t upload_id);
  // Calls visit(id, objects, bytes) for each upload that has objects, in no order.
  using Visit =
      std::function<Result<>(std::uint64_t upload_id, std::uint64_t objects, std::uint64_t bytes)>;
  Result<> for_each_upload(const Visit& visit);
  // Of a name as store::NamedFiles has it. nullopt where there is no such file.
  Result<std::optional<std::uint64_t>> size_of_file(const std::string& name);
  // Calls visit(name, size) for each of a folder of them; `name` is without the folder.
  using VisitFile = std::function<Result<>(const std::string& name, std::uint64_t size)>;
  Result<> for_each_file(const std::string& folder, const VisitFile& visit);

 private:
  Result<s3::ListPage> list(const std::string& prefix, const std::string& next);

  s3::ObjectStore& objects_;
  const std::string prefix_;
  NullLog log_;
  runtime::Worker worker_{"bucket", log_};
};

}  // namespace sluice::fsck
