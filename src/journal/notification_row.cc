// SPDX-License-Identifier: MIT
#include "journal/notification_row.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string_view>

namespace sluice::journal {
namespace {

constexpr std::array<std::string_view, 5> events{"created", "finished", "aborted", "expired",
                                                 "video-created"};

}  // namespace

void bind_notification(Places& places, const model::Notification& notification) {
  places.bind_unsigned(notification.upload_id);
  places.bind_text(notification.event);
  places.bind_text(notification.key);
  places.bind_blob(notification.body);
  places.bind_time(notification.created_at);
  places.bind_unsigned(notification.attempts);
  places.bind_time(notification.next_attempt_at);
}

std::expected<model::Notification, const char*> take_notification(Fields& row) {
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
    return std::unexpected("event");
  }
  if (attempts < 0 || attempts > std::numeric_limits<unsigned>::max()) {
    return std::unexpected("attempts");
  }
  return notification;
}

}  // namespace sluice::journal
