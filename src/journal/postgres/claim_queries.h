// SPDX-License-Identifier: MIT
// The table `claims`: who works on what, by the server's clock.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "journal/journal.h"
#include "journal/postgres/query.h"

namespace sluice::journal::postgres {

// A row for each that the node of the lease holds now: its id.
Query claim_rows(Work work, const std::vector<std::uint64_t>& ids, const Lease& lease);
// Removes a few of claims that have ended. Without their rows they are as free as with them.
Query forget_ended_claims();
Query release_rows(Work work, const std::vector<std::uint64_t>& ids, const std::string& node);

}  // namespace sluice::journal::postgres
