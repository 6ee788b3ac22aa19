// SPDX-License-Identifier: MIT
// The table `notifications`: undelivered notifications about uploads. On the thread of its
// connection. Its references must outlive it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/error.h"
#include "journal/changes.h"
#include "journal/damaged_rows.h"
#include "journal/sqlite_connection.h"
#include "model/notification.h"

namespace sluice::journal {

class NotificationTable {
 public:
  NotificationTable(Connection& connection, DamagedRows& damaged)
      : connection_(connection), damaged_(damaged) {}
  // Once, before anything else, when the schema is there.
  Result<> prepare();

  // Gives it the next number.
  Result<> add(const model::Notification& notification);
  // A row that is not there is left so.
  Result<> postpone(const PostponeNotification& change);
  Result<> remove(std::uint64_t id);

  // As Journal::next_notifications().
  Result<std::vector<model::Notification>> next(std::size_t count);
  // As notifications_after() of sqlite_journal.h.
  Result<std::vector<model::Notification>> after(std::uint64_t id, std::size_t count);

 private:
  Result<std::optional<model::Notification>> find(std::int64_t id);
  // The notifications whose ids the rows have.
  Result<std::vector<model::Notification>> read(Execution& ids, std::size_t count);

  Connection& connection_;
  DamagedRows& damaged_;
  Statement insert_;
  Statement postpone_;
  Statement remove_;
  Statement next_;
  Statement after_;
  Statement find_;
};

}  // namespace sluice::journal
