// SPDX-License-Identifier: MIT
// The tables `owners` and `used_signatures`: changes and questions as queries.
#pragma once

#include <cstddef>
#include <string>

#include "journal/changes.h"
#include "journal/journal.h"
#include "journal/postgres/query.h"

namespace sluice::journal::postgres {

// beyond_limits_state, with "sessions bytes records" as its detail, when the owner has more.
Query expect_within(const std::string& owner, const OwnerLimits& limits);
// From that detail.
OwnerUsage usage_from(const std::string& detail);

// used_state when it has been used.
Query use_signature(const UseSignature& use);
// Removes a few that ended long before `now`.
Query forget_signatures(Timestamp now);

// name, sessions, bytes, records
Query list_owners(std::size_t count);

}  // namespace sluice::journal::postgres
