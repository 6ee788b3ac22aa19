// SPDX-License-Identifier: MIT
// A row of the table `notifications` and its record, whichever database it is.
#pragma once

#include <expected>

#include "journal/columns.h"
#include "model/notification.h"

namespace sluice::journal {

// The columns in the order in which the functions below take and bind them.
inline constexpr const char* notification_columns =
    "upload_id, event, key, body, created_at, attempts, next_attempt_at";

// All columns.
void bind_notification(Places& places, const model::Notification& notification);

// Takes the id, and then all columns. The error names the first one that holds nothing of ours.
std::expected<model::Notification, const char*> take_notification(Fields& row);

}  // namespace sluice::journal
