// SPDX-License-Identifier: MIT
// The stored bytes of uploads, out of the objects that hold them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "model/extent.h"
#include "runtime/task.h"
#include "s3/object_store.h"

namespace sluice::store::objects {

// As Journal::extents() has it: the extents of the upload that end behind `from`, in order.
using FindExtents = std::function<runtime::Task<Result<std::vector<model::Extent>>>(
    std::uint64_t upload_id, std::uint64_t from, std::size_t count)>;

// Any thread. An object that is not there any more because others hold its bytes is not missed.
// Errors: storage_failed where bytes or their object are not there, else those of the object store
// and of `find`.
class ExtentReader {
 public:
  // The store outlives this.
  ExtentReader(s3::ObjectStore& objects, FindExtents find)
      : objects_(objects), find_(std::move(find)) {}

  // The bytes of the range, which has limits::s3_get_bytes_max bytes at the most.
  runtime::Task<Result<std::string>> read(std::uint64_t upload_id, ByteRange range);
  // Of the front of the range: as much of it as one extent has.
  runtime::Task<Result<model::Extent>> front(std::uint64_t upload_id, ByteRange range);
  // Those of a part of an extent. file_missing: its object is not there.
  runtime::Task<Result<std::string>> read_part(const model::Extent& part);
  // The extents of the upload's bytes from 0 to `size`; storage_failed where it has others.
  runtime::Task<Result<std::vector<model::Extent>>> whole(std::uint64_t upload_id,
                                                          std::uint64_t size);
  // All extents of the upload.
  runtime::Task<Result<std::vector<model::Extent>>> extents(std::uint64_t upload_id);

 private:
  s3::ObjectStore& objects_;
  const FindExtents find_;
};

}  // namespace sluice::store::objects
