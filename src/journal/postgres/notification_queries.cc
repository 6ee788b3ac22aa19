// SPDX-License-Identifier: MIT
#include "journal/postgres/notification_queries.h"

#include <string>

#include "journal/notification_row.h"

namespace sluice::journal::postgres {

Query add_notification(const model::Notification& notification) {
  static const Statement statement{"add_notification", std::string("INSERT INTO notifications (") +
                                                           notification_columns + ") VALUES (" +
                                                           places(7) + ")"};
  Query query(statement);
  bind_notification(query, notification);
  return query;
}

Query postpone_notification(const PostponeNotification& change) {
  static const Statement statement{
      "postpone_notification",
      "UPDATE notifications SET attempts = $1, next_attempt_at = $2 WHERE id = $3"};
  Query query(statement);
  query.bind_unsigned(change.attempts);
  query.bind_time(change.next_attempt_at);
  query.bind_unsigned(change.id);
  return query;
}

Query remove_notification(std::uint64_t id) {
  static const Statement statement{"remove_notification",
                                   "DELETE FROM notifications WHERE id = $1"};
  Query query(statement);
  query.bind_unsigned(id);
  return query;
}

// The order is that of an index, so that a long queue is not sorted for its first few.
Query next_notifications(std::size_t count) {
  static const Statement statement{
      "next_notifications",
      std::string("SELECT id, ") + notification_columns +
          " FROM notifications AS candidate WHERE NOT EXISTS (SELECT FROM notifications AS earlier"
          " WHERE earlier.upload_id = candidate.upload_id AND earlier.id < candidate.id)"
          " ORDER BY next_attempt_at, id LIMIT $1"};
  Query query(statement);
  query.bind_count(count);
  return query;
}

}  // namespace sluice::journal::postgres
