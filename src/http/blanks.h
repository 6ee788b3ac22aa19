// SPDX-License-Identifier: MIT
// The optional whitespace of RFC 9110 5.6.3.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace sluice::http {

inline constexpr std::string_view blanks = " \t";

// Of the blanks that begin at `from`; `from` when there are none.
inline std::size_t end_of_blanks(std::string_view text, std::size_t from) noexcept {
  return std::min(text.find_first_not_of(blanks, from), text.size());
}

}  // namespace sluice::http
