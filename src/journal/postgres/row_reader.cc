// SPDX-License-Identifier: MIT
#include "journal/postgres/row_reader.h"

#include <chrono>
#include <utility>

#include "base/limits.h"
#include "journal/notification_row.h"
#include "journal/upload_row.h"
#include "journal/video_row.h"

namespace sluice::journal::postgres {

Result<std::vector<Rows>> ask(Connection& connection, std::span<const Query> queries,
                              Deadline deadline) {
  auto rows = connection.run(queries, deadline);
  if (!rows) {
    Failure failure = std::move(rows).error();
    failure.is_outcome_unknown = false;
    return fail(to_error(failure));
  }
  return *std::move(rows);
}

Result<Rows> ask(Connection& connection, const Query& query, Deadline deadline) {
  Result<std::vector<Rows>> rows = ask(connection, std::span(&query, 1), deadline);
  if (!rows) {
    return fail(std::move(rows).error());
  }
  return std::move(rows->front());
}

std::uint64_t take_count(Fields& row) {
  return static_cast<std::uint64_t>(row.take_integer());
}

PromisedRoom take_room(Fields& row) {
  PromisedRoom room;
  room.upload_id = take_count(row);
  room.owner = row.take_bytes();
  room.bytes = take_count(row);
  return room;
}

OwnerUsage take_usage(Fields& row) {
  OwnerUsage usage;
  usage.owner = row.take_bytes();
  usage.sessions = take_count(row);
  usage.bytes = take_count(row);
  usage.records = take_count(row);
  return usage;
}

model::Extent take_extent(Fields& row) {
  model::Extent extent;
  extent.range.begin = take_count(row);
  extent.range.end = take_count(row) + 1;
  extent.object = row.take_bytes();
  extent.object_begin = take_count(row);
  return extent;
}

// Of a row that this program has not written.
bool is_possible(const model::Extent& extent) {
  return extent.range.begin < extent.range.end && extent.range.end <= limits::file_size_max &&
         extent.object_begin <= limits::file_size_max;
}

Error RowReader::damaged(const char* table, std::int64_t row, const char* column) {
  const MutexLock lock(mutex_);
  return damaged_.add(table, row, column);
}

// By value: the row is read twice.
Result<model::UploadRecord> RowReader::upload(ResultRow row) {
  const std::int64_t id = ResultRow(row).take_integer();
  auto record = take_upload(row);
  if (!record) {
    return fail(damaged("uploads", id, record.error()));
  }
  return *std::move(record);
}

Result<model::VideoRecord> RowReader::video(ResultRow row) {
  const std::int64_t number = row.take_integer();
  auto record = take_video(row);
  if (!record) {
    return fail(damaged("videos", number, record.error()));
  }
  return *std::move(record);
}

Result<model::Notification> RowReader::notification(ResultRow row) {
  const std::int64_t id = ResultRow(row).take_integer();
  auto notification = take_notification(row);
  if (!notification) {
    return fail(damaged("notifications", id, notification.error()));
  }
  return *std::move(notification);
}

}  // namespace sluice::journal::postgres
