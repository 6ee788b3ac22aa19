// SPDX-License-Identifier: MIT
// The whole files of finished uploads as one object each, for a backend that reads it there.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "s3/merge_plan.h"
#include "store/objects/assembly.h"
#include "store/objects/exchange_extents.h"
#include "store/objects/extent_tools.h"

namespace sluice::store::objects {

// Any thread. One merge of an upload at a time in a process; where two do it all the same, one of
// them counts. Errors are those of Assembly, of the journal, and `conflict` where other objects
// hold the bytes by now: the next call begins anew, with an object of another name.
class Merger {
 public:
  // The tools outlive this.
  Merger(ExtentTools& tools, ReplaceExtents replace, s3::Copying copying)
      : tools_(tools), replace_(std::move(replace)), copying_(copying) {}

  // The name of the object that has the bytes of the upload from 0 to `size`, and no others. Where
  // there is none it is made: it is the only one of the upload then.
  runtime::Task<Result<std::string>> merge(std::uint64_t upload_id, std::uint64_t size);
  // Makes an object elsewhere of these bytes of the upload, which has `size`. Its own stay.
  runtime::Task<Result<>> copy(std::uint64_t upload_id, std::uint64_t size, ByteRange range,
                               AssemblyPlace place);

 private:
  ExtentTools& tools_;
  const ReplaceExtents replace_;
  const s3::Copying copying_;
};

}  // namespace sluice::store::objects
