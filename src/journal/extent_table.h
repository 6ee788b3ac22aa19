// SPDX-License-Identifier: MIT
// The table `extents`: where bytes of uploads lie. Its rows go by themselves with the blob of their
// upload, or with its record. On the thread of its connection. Its references must outlive it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/error.h"
#include "journal/changes.h"
#include "journal/damaged_rows.h"
#include "journal/sqlite_connection.h"
#include "model/extent.h"

namespace sluice::journal {

class ExtentTable {
 public:
  ExtentTable(Connection& connection, DamagedRows& damaged)
      : connection_(connection), damaged_(damaged) {}
  // Once, before anything else, when the schema is there.
  Result<> prepare();

  // Of an upload that is there and has a blob.
  Result<> add(std::uint64_t upload_id, const std::vector<model::Extent>& extents);
  Result<> replace(const ReplaceExtents& change);
  // As Journal::extents().
  Result<std::vector<model::Extent>> read(std::uint64_t upload_id, std::uint64_t from,
                                          std::size_t count);
  // Those that have bytes of the range.
  Result<> remove_all(std::uint64_t upload_id, ByteRange range);
  // Whether there is one of any upload.
  Result<bool> has_any();

 private:
  Result<RangeSet> covered(std::uint64_t upload_id, ByteRange range);
  Result<> insert(std::uint64_t upload_id, const model::Extent& extent);
  // Whether it was there.
  Result<bool> remove(std::uint64_t upload_id, const model::Extent& extent);

  Connection& connection_;
  DamagedRows& damaged_;
  Statement insert_;
  Statement remove_;
  Statement covered_;
  Statement read_;
  Statement has_any_;
  Statement remove_all_;
};

}  // namespace sluice::journal
