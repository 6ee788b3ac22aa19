// SPDX-License-Identifier: MIT
// Why PostgreSQL did not do what it was asked for.
#pragma once

#include <libpq-fe.h>

#include <cstddef>
#include <string>

#include "base/error.h"

namespace sluice::journal::postgres {

// What the functions of the schema raise (schema_steps.cc).
inline constexpr const char* conflict_state = "SL001";
inline constexpr const char* used_state = "SL002";
inline constexpr const char* beyond_limits_state = "SL003";
inline constexpr const char* token_constraint = "uploads_token";

struct Failure {
  std::string state;    // SQLSTATE; empty where it is not the server that says it.
  std::string message;  // For the operator.
  std::string detail;
  std::string constraint;
  std::size_t query = 0;  // The one that failed.
  // The transaction may have come to be, or may still. Otherwise nothing of it has.
  bool is_outcome_unknown = false;
};

// The server's words for it. `result` is an error.
Failure failure_of(const PGresult& result);

// The change does not fit to what is there. That is no fault.
bool is_refusal(const Failure& failure);
// The transaction was undone because of others, and may be tried again.
bool is_undone_for_others(const Failure& failure);
// The server was or became one that takes no changes: another connection may lead to another one.
bool is_of_connection(const Failure& failure);

// storage_failed where the outcome is not known. Else nothing has happened: disk_full, `internal`
// for values that the database does not take, and `unavailable` for all else, which a retry or an
// operator can heal.
Error to_error(const Failure& failure);

}  // namespace sluice::journal::postgres
