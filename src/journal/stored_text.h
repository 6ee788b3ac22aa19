// SPDX-License-Identifier: MIT
// How the journal writes which bytes are stored (docs/format.md). A row is written with every piece
// that comes, so the text of many parts is short: a bit for each that is whole.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/range_set.h"
#include "model/layout.h"

namespace sluice::journal {

// `layout` is null for an upload of one file.
std::string stored_to_text(const RangeSet& stored, const model::Layout* layout);
// nullopt for a text that stored_to_text() does not make.
std::optional<RangeSet> stored_from_text(std::string_view text, const model::Layout* layout);

// How many ranges there are beside the whole parts.
std::size_t broken_part_count(const RangeSet& stored, const model::Layout& layout);

}  // namespace sluice::journal
