// SPDX-License-Identifier: MIT
#include "journal/postgres/failure.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::journal::postgres {
namespace {

Failure failure_with(std::string state) {
  Failure failure;
  failure.state = std::move(state);
  failure.message = "why";
  return failure;
}

TEST(Failure, SaysWhatMayBeTriedAgainAndByWhom) {
  const struct {
    const char* state;
    Errc code;
    bool is_undone_for_others;
    bool is_of_connection;
  } rows[] = {
      {"53100", Errc::disk_full, false, false},    // disk_full
      {"22021", Errc::internal, false, false},     // character_not_in_repertoire
      {"23505", Errc::internal, false, false},     // unique_violation
      {"40P01", Errc::unavailable, true, false},   // deadlock_detected
      {"40001", Errc::unavailable, true, false},   // serialization_failure
      {"57014", Errc::unavailable, false, false},  // query_canceled: statement_timeout
      {"57P01", Errc::unavailable, false, true},   // admin_shutdown
      {"57P03", Errc::unavailable, false, true},   // cannot_connect_now
      {"25006", Errc::unavailable, false, true},   // read_only_sql_transaction
      {"53300", Errc::unavailable, false, false},  // too_many_connections
      {"58030", Errc::unavailable, false, false},  // io_error
      {"42501", Errc::unavailable, false, false},  // insufficient_privilege
      {"", Errc::unavailable, false, true},        // no connection
  };
  for (const auto& row : rows) {
    const Failure failure = failure_with(row.state);
    EXPECT_EQ(to_error(failure).code(), row.code) << row.state;
    EXPECT_EQ(is_undone_for_others(failure), row.is_undone_for_others) << row.state;
    EXPECT_EQ(is_of_connection(failure), row.is_of_connection) << row.state;
  }
}

TEST(Failure, OfAChangeThatDoesNotFitIsNoFault) {
  EXPECT_TRUE(is_refusal(failure_with(conflict_state)));
  EXPECT_TRUE(is_refusal(failure_with(beyond_limits_state)));
  Failure broken = failure_with("23505");
  EXPECT_FALSE(is_refusal(broken));
  broken.constraint = token_constraint;
  EXPECT_TRUE(is_refusal(broken));
  EXPECT_FALSE(is_refusal(failure_with("")));
}

TEST(Failure, AnUnknownOutcomeIsAFailureOfTheStorage) {
  Failure failure = failure_with("");
  failure.is_outcome_unknown = true;
  EXPECT_EQ(to_error(failure).code(), Errc::storage_failed);
  EXPECT_EQ(to_error(failure).message(),
            "PostgreSQL: why; whether it has made the change is not known");
}

}  // namespace
}  // namespace sluice::journal::postgres
