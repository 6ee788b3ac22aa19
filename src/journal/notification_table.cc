// SPDX-License-Identifier: MIT
#include "journal/notification_table.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>
#include <utility>

namespace sluice::journal {
namespace {

constexpr std::array<std::string_view, 5> events{"created", "finished", "aborted", "expired",
                                                 "video-created"};

}  // namespace

// The order of `next` is that of an index, so that a long queue is not sorted for its first few.
Result<> NotificationTable::prepare() {
  return connection_.prepare_all({
      {&insert_,
       "INSERT INTO notifications (upload_id, event, key, body, created_at, attempts,"
       " next_attempt_at) VALUES (?, ?, ?, ?, ?, ?, ?)"},
      {&postpone_, "UPDATE notifications SET attempts = ?, next_attempt_at = ? WHERE id = ?"},
      {&remove_, "DELETE FROM notifications WHERE id = ?"},
      {&next_,
       "SELECT id FROM notifications AS candidate INDEXED BY notifications_by_time"
       " WHERE NOT EXISTS (SELECT 1 FROM notifications AS earlier"
       " WHERE earlier.upload_id = candidate.upload_id AND earlier.id < candidate.id)"
       " ORDER BY next_attempt_at"},
      {&after_, "SELECT id FROM notifications WHERE id > ? ORDER BY id"},
      {&find_,
       "SELECT id, upload_id, event, key, body, created_at, attempts, next_attempt_at"
       " FROM notifications WHERE id = ?"},
  });
}

Result<> NotificationTable::add(const model::Notification& notification) {
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
  model::Notification notification;
  notification.id = static_cast<std::uint64_t>(row.take_integer());
  notification.upload_id = static_cast<std::uint64_t>(row.take_integer());
  notification.event = row.take_bytes();
  notification.key = row.take_bytes();
  notification.body = row.take_bytes();
  notification.created_at = Timestamp(std::chrono::milliseconds(row.take_integer()));
  const std::int64_t attempts = row.take_integer();
  notification.attempts = static_cast<unsigned>(attempts);
  notification.next_attempt_at = Timestamp(std::chrono::milliseconds(row.take_integer()));
  if (std::ranges::find(events, notification.event) == events.end()) {
    return fail(damaged_.add("notifications", id, "event"));
  }
  if (attempts < 0 || attempts > std::numeric_limits<unsigned>::max()) {
    return fail(damaged_.add("notifications", id, "attempts"));
  }
  return notification;
}

}  // namespace sluice::journal
