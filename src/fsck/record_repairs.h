// SPDX-License-Identifier: MIT
// The changes of records that make them true again. Each says what it did.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/range_set.h"
#include "fsck/blocking_journal.h"
#include "model/upload.h"

namespace sluice::fsck {

class RecordRepairs {
 public:
  RecordRepairs(BlockingJournal& journal, Timestamp now) : journal_(journal), now_(now) {}

  Result<std::string> cut_stored(const model::UploadRecord& record, const RangeSet& lost);
  Result<std::string> forget_blob(const model::UploadRecord& record);

 private:
  BlockingJournal& journal_;
  const Timestamp now_;
};

}  // namespace sluice::fsck
