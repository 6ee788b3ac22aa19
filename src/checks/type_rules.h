// SPDX-License-Identifier: MIT
// Which types of files are taken.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::checks {

// Patterns are MIME types in lower case: "video/mp4", "video/*", "*/*".
struct TypeRules {
  std::vector<std::string> allowed;  // Empty: every type.
  std::vector<std::string> denied;   // Also where they are allowed.

  bool are_any() const noexcept { return !allowed.empty() || !denied.empty(); }
  bool take(std::string_view type) const noexcept;
};

bool is_type_pattern(std::string_view text) noexcept;

}  // namespace sluice::checks
