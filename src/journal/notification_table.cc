// SPDX-License-Identifier: MIT
#include "journal/notification_table.h"

#include <string>
#include <utility>

#include "journal/notification_row.h"

namespace sluice::journal {

// The order of `next` is that of an index, so that a long queue is not sorted for its first few.
Result<> NotificationTable::prepare() {
  return connection_.prepare_all({
      {&insert_, std::string("INSERT INTO notifications (") + notification_columns +
                     ") VALUES (?, ?, ?, ?, ?, ?, ?)"},
      {&postpone_, "UPDATE notifications SET attempts = ?, next_attempt_at = ? WHERE id = ?"},
      {&remove_, "DELETE FROM notifications WHERE id = ?"},
      {&next_,
       "SELECT id FROM notifications AS candidate INDEXED BY notifications_by_time"
       " WHERE NOT EXISTS (SELECT 1 FROM notifications AS earlier"
       " WHERE earlier.upload_id = candidate.upload_id AND earlier.id < candidate.id)"
       " ORDER BY next_attempt_at"},
      {&after_, "SELECT id FROM notifications WHERE id > ? ORDER BY id"},
      {&find_,
       std::string("SELECT id, ") + notification_columns + " FROM notifications WHERE id = ?"},
  });
}

Result<> NotificationTable::add(const model::Notification& notification) {
  Execution execution(insert_);
  bind_notification(execution, notification);
  return execution.finish();
}

Result<> NotificationTable::postpone(const PostponeNotification& change) {
  Execution execution(postpone_);
  execution.bind_unsigned(change.attempts);
  execution.bind(change.next_attempt_at.time_since_epoch().count());
  execution.bind_unsigned(change.id);
  return execution.finish();
}

Result<> NotificationTable::remove(std::uint64_t id) {
  Execution execution(remove_);
  execution.bind_unsigned(id);
  return execution.finish();
}

Result<std::vector<model::Notification>> NotificationTable::next(std::size_t count) {
  Execution ids(next_);
  return read(ids, count);
}

Result<std::vector<model::Notification>> NotificationTable::after(std::uint64_t id,
                                                                  std::size_t count) {
  Execution ids(after_);
  ids.bind_unsigned(id);
  return read(ids, count);
}

Result<std::vector<model::Notification>> NotificationTable::read(Execution& ids,
                                                                 std::size_t count) {
  const auto read_one = [this](Execution& row) { return find(row.take_integer()); };
  return read_page<model::Notification>(ids, count, read_one);
}

Result<std::optional<model::Notification>> NotificationTable::find(std::int64_t id) {
  Execution row(find_);
  row.bind(id);
  const Result<bool> found = row.step();
  if (!found && connection_.has_found_corruption()) {
    return fail(damaged_.add("notifications", id, found.error().message()));
  }
  if (!found) {
    return fail(found.error());
  }
  if (!*found) {
    return std::nullopt;
  }
  auto notification = take_notification(row);
  if (!notification) {
    return fail(damaged_.add("notifications", id, notification.error()));
  }
  return *std::move(notification);
}

}  // namespace sluice::journal
