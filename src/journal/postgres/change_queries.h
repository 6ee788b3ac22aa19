// SPDX-License-Identifier: MIT
// The changes of a commit as the queries of a transaction.
#pragma once

#include <cstddef>
#include <vector>

#include "base/error.h"
#include "journal/changes.h"
#include "journal/postgres/failure.h"
#include "journal/postgres/query.h"

namespace sluice::journal::postgres {

struct ChangeQueries {
  std::vector<Query> queries;
  std::vector<std::size_t> changes;  // Of each query: the change that it belongs to.
};

// Refuses what can be seen to be wrong without the server.
Result<ChangeQueries> queries_of(const std::vector<Change>& changes);

// Why the server refused a query of this change.
Error refusal_of(const Change& change, const Failure& failure);

}  // namespace sluice::journal::postgres
