// SPDX-License-Identifier: MIT
// The name that a mistyped one probably meant.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace sluice::config {

// Insertions, removals, replacements and swaps of neighbours that turn one text into the other
// (optimal string alignment), without regard to ASCII case.
std::size_t edit_distance(std::string_view left, std::string_view right);

// The name with the smallest distance, the first of several. A name in dots counts as near, too,
// when what stands behind its last dot is: `listen` means `server.listen`. REQUIRES: names is not
// empty.
std::string_view nearest_name(std::string_view mistyped, std::span<const std::string_view> names);

}  // namespace sluice::config
