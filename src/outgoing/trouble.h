// SPDX-License-Identifier: MIT
// Which answers of an application are its word, and which speak of the way to it: of a gateway in
// front of it, a path that is not deployed yet, a load that passes. The question stays open after
// the latter.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

namespace sluice::outgoing {

// Of 400 to 499, unless the operator names others.
inline std::vector<int> usual_trouble() {
  return {404, 405, 407, 408, 421, 423, 425, 429};
}

// `trouble` are those of 400 to 499 that are no word of the application.
inline bool is_trouble(int status, std::span<const int> trouble) noexcept {
  const int kind = status / 100;
  return (kind != 2 && kind != 4) || std::ranges::find(trouble, status) != trouble.end();
}

}  // namespace sluice::outgoing
