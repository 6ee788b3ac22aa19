// SPDX-License-Identifier: MIT
// Compares a journal with the objects of a store, where the bytes of its uploads lie in them.
#pragma once

#include <vector>

#include "base/clock.h"
#include "fsck/blocking_journal.h"
#include "fsck/bucket.h"
#include "fsck/record_repairs.h"
#include "fsck/report.h"

namespace sluice::fsck {

class ObjectCheck {
 public:
  // All of them outlive this. `bucket`: null where the store cannot be looked at; then only the
  // extents are. `rebuilds`: objects whose bytes no record has become bytes of their upload again.
  ObjectCheck(BlockingJournal& journal, Bucket* bucket, bool rebuilds, RecordRepairs& repairs,
              Report& report)
      : journal_(journal),
        bucket_(bucket),
        rebuilds_(rebuilds),
        repairs_(repairs),
        report_(report) {}

  Result<> check_upload(const model::UploadRecord& record);
  // The objects of uploads that the journal does not know.
  Result<> check_rest();

 private:
  void rebuild(const model::UploadRecord& record, const std::vector<model::Extent>& unused);

  BlockingJournal& journal_;
  Bucket* const bucket_;
  const bool rebuilds_;
  RecordRepairs& repairs_;
  Report& report_;
};

}  // namespace sluice::fsck
