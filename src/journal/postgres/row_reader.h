// SPDX-License-Identifier: MIT
// Questions to the server, and what is in the rows of its answers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "journal/damaged_rows.h"
#include "journal/journal.h"
#include "journal/postgres/connection.h"
#include "journal/postgres/query.h"

namespace sluice::journal::postgres {

// A question has no outcome: that it was lost is all that is to be known.
Result<std::vector<Rows>> ask(Connection& connection, std::span<const Query> queries,
                              Deadline deadline);
Result<Rows> ask(Connection& connection, const Query& query, Deadline deadline);

std::uint64_t take_count(Fields& row);
PromisedRoom take_room(Fields& row);
OwnerUsage take_usage(Fields& row);
model::Extent take_extent(Fields& row);
// False of one that this program has not written.
bool is_possible(const model::Extent& extent);

// Records out of rows. Any thread. What it is made of must outlive it.
class RowReader {
 public:
  RowReader(Metrics& metrics, Log& log) : damaged_(metrics, log) {}

  // record_damaged when it cannot be read.
  Result<model::UploadRecord> upload(ResultRow row);
  Result<model::VideoRecord> video(ResultRow row);
  Result<model::Notification> notification(ResultRow row);
  // Sets the row aside.
  Error damaged(const char* table, std::int64_t row, const char* column);

 private:
  Mutex mutex_;
  DamagedRows damaged_ GUARDED_BY(mutex_);
};

}  // namespace sluice::journal::postgres
