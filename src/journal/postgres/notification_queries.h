// SPDX-License-Identifier: MIT
// The table `notifications`: changes and questions as queries.
#pragma once

#include <cstddef>
#include <cstdint>

#include "journal/changes.h"
#include "journal/postgres/query.h"

namespace sluice::journal::postgres {

Query add_notification(const model::Notification& notification);
Query postpone_notification(const PostponeNotification& change);
Query remove_notification(std::uint64_t id);
// As Journal::next_notifications(): whole records.
Query next_notifications(std::size_t count);

}  // namespace sluice::journal::postgres
