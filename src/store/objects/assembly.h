// SPDX-License-Identifier: MIT
// One object that is made of the extents of a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "model/extent.h"
#include "s3/merge_plan.h"
#include "s3/object_store.h"
#include "store/objects/extent_tools.h"

namespace sluice::store::objects {

// Where the object goes. Any thread.
struct AssemblyPlace {
  s3::ObjectStore& objects;
  std::string key;            // Never of other bytes.
  std::string source_bucket;  // Of the extents' objects; empty: that of `objects`.
};

// For one object. Any thread.
class Assembly {
 public:
  Assembly(ExtentTools& tools, s3::Copying copying, AssemblyPlace place)
      : tools_(tools), copying_(copying), place_(std::move(place)) {}

  // Returns when the object is there and whole. `extents` are those of all bytes of the file, in
  // order. After an error the key is given up: the object may still come to be. Errors:
  // storage_failed where extents or the object are not of so many bytes; file_missing where an
  // object of `extents` is not there, perhaps because others hold its bytes by now; those of the
  // object stores and of scratch.
  runtime::Task<Result<>> make(std::uint64_t file_size, std::vector<model::Extent> extents);

 private:
  runtime::Task<Result<>> make_parts();
  // Makes one part after the other, beside others that do the same.
  runtime::Task<> make_some();
  runtime::Task<Result<s3::UploadedPart>> make_part(unsigned number, s3::PlannedPart part);
  runtime::Task<Result<>> complete(std::uint64_t file_size);

  ExtentTools& tools_;
  const s3::Copying copying_;
  const AssemblyPlace place_;

  // On the executor of make().
  s3::Multipart upload_;
  std::vector<s3::PlannedPart> plan_;
  std::size_t begun_ = 0;  // Parts.
  std::vector<s3::UploadedPart> parts_;
  Result<> outcome_;
};

}  // namespace sluice::store::objects
