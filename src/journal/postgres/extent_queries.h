// SPDX-License-Identifier: MIT
// The table `extents`: changes and questions as queries.
#pragma once

#include <cstddef>
#include <cstdint>

#include "journal/postgres/query.h"
#include "model/extent.h"

namespace sluice::journal::postgres {

// Its bytes that have none yet; those that have keep theirs.
Query add_extent(std::uint64_t upload_id, const model::Extent& extent);
// conflict_state when it is not there as it is.
Query remove_extent(std::uint64_t upload_id, const model::Extent& extent);
// As Journal::extents(): first, last, object, object_begin.
Query find_extents(std::uint64_t upload_id, std::uint64_t from, std::size_t count);

}  // namespace sluice::journal::postgres
