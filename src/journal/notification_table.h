// SPDX-License-Identifier: MIT
// The table `notifications`: what is still to be told about uploads. On the thread of its
// connection, which must outlive it.
#pragma once

#include <cstddef>
#include <vector>

#include "base/error.h"
#include "journal/records.h"
#include "journal/sqlite_connection.h"

namespace sluice::journal {

class NotificationTable {
 public:
  explicit NotificationTable(Connection& connection) : connection_(connection) {}
  // Once, before anything else, when the schema is there.
  Result<> prepare();

  // Gives it the next number.
  Result<> add(const Notification& notification);
  // A row that is not there is left so.
  Result<> postpone(const PostponeNotification& change);
  Result<> remove(std::uint64_t id);

  // As Journal::next_notifications().
  Result<std::vector<Notification>> next(std::size_t count);

 private:
  Connection& connection_;
  Statement insert_;
  Statement postpone_;
  Statement remove_;
  Statement next_;
};

}  // namespace sluice::journal
