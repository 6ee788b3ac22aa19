// SPDX-License-Identifier: MIT
#include "journal/postgres/failure.h"

#include <string_view>

namespace sluice::journal::postgres {
namespace {

std::string field(const PGresult& result, int code) {
  const char* const text = PQresultErrorField(&result, code);
  return text == nullptr ? "" : text;
}

// https://www.postgresql.org/docs/15/errcodes-appendix.html
Errc code_of(std::string_view state) {
  if (state == "53100") {
    return Errc::disk_full;
  }
  // Invalid values, and broken constraints.
  const bool is_of_values = state.starts_with("22") || state.starts_with("23");
  return is_of_values ? Errc::internal : Errc::unavailable;
}

}  // namespace

Failure failure_of(const PGresult& result) {
  Failure failure;
  failure.state = field(result, PG_DIAG_SQLSTATE);
  failure.message = field(result, PG_DIAG_MESSAGE_PRIMARY);
  failure.detail = field(result, PG_DIAG_MESSAGE_DETAIL);
  failure.constraint = field(result, PG_DIAG_CONSTRAINT_NAME);
  return failure;
}

bool is_refusal(const Failure& failure) {
  return failure.state.starts_with("SL") || failure.constraint == token_constraint;
}

bool is_undone_for_others(const Failure& failure) {
  return failure.state == "40P01" || failure.state == "40001";
}

// 25006: a read-only transaction; the primary was made a standby.
bool is_of_connection(const Failure& failure) {
  return failure.state.empty() || failure.state == "25006" || failure.state.starts_with("57P") ||
         failure.state.starts_with("08");
}

Error to_error(const Failure& failure) {
  const std::string message = "PostgreSQL: " + failure.message;
  if (failure.is_outcome_unknown) {
    return Error(Errc::storage_failed, message + "; whether it has made the change is not known");
  }
  return Error(code_of(failure.state), message);
}

}  // namespace sluice::journal::postgres
