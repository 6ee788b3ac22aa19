// SPDX-License-Identifier: MIT
#include "journal/notification_table.h"

#include <utility>

namespace sluice::journal {

// The order of `next` is that of an index, so that a long queue is not sorted for its first few.
Result<> NotificationTable::prepare() {
  return connection_.prepare_all({
      {&insert_,
       "INSERT INTO notifications (upload_id, event, key, body, created_at, attempts,"
       " next_attempt_at) VALUES (?, ?, ?, ?, ?, ?, ?)"},
      {&postpone_, "UPDATE notifications SET attempts = ?, next_attempt_at = ? WHERE id = ?"},
      {&remove_, "DELETE FROM notifications WHERE id = ?"},
      {&next_,
       "SELECT id, upload_id, event, key, body, created_at, attempts, next_attempt_at"
       " FROM notifications AS candidate INDEXED BY notifications_by_time"
       " WHERE NOT EXISTS (SELECT 1 FROM notifications AS earlier"
       " WHERE earlier.upload_id = candidate.upload_id AND earlier.id < candidate.id)"
       " ORDER BY next_attempt_at LIMIT ?"},
  });
}

Result<> NotificationTable::add(const Notification& notification) {
  Execution execution(insert_);
  execution.bind_unsigned(notification.upload_id);
  execution.bind_text(notification.event);
  execution.bind_text(notification.key);
  execution.bind_blob(notification.body);
  execution.bind(notification.created_at.time_since_epoch().count());
  execution.bind_unsigned(notification.attempts);
  execution.bind(notification.next_attempt_at.time_since_epoch().count());
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

Result<std::vector<Notification>> NotificationTable::next(std::size_t count) {
  Execution rows(next_);
  rows.bind_unsigned(count);
  std::vector<Notification> found;
  for (;;) {
    const Result<bool> row = rows.step();
    if (!row) {
      return fail(row.error());
    }
    if (!*row) {
      return found;
    }
    Notification notification;
    notification.id = static_cast<std::uint64_t>(rows.take_integer());
    notification.upload_id = static_cast<std::uint64_t>(rows.take_integer());
    notification.event = rows.take_bytes();
    notification.key = rows.take_bytes();
    notification.body = rows.take_bytes();
    notification.created_at = Timestamp(std::chrono::milliseconds(rows.take_integer()));
    notification.attempts = static_cast<unsigned>(rows.take_integer());
    notification.next_attempt_at = Timestamp(std::chrono::milliseconds(rows.take_integer()));
    found.push_back(std::move(notification));
  }
}

}  // namespace sluice::journal
