// SPDX-License-Identifier: MIT
// Which types of files are taken: by the settings, and by the credentials of an owner.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::model {

// Patterns are MIME types in lower case: "video/mp4", "video/*", "*/*".
struct TypeRules {
  std::vector<std::string> allowed;  // Empty: every type.
  std::vector<std::string> denied;   // Also where they are allowed.

  bool are_any() const noexcept { return !allowed.empty() || !denied.empty(); }
  bool take(std::string_view type) const noexcept;
  // Both lists together.
  void add(const TypeRules& other);

  friend bool operator==(const TypeRules&, const TypeRules&) = default;
};

// For an owner, whose own are `own`: what these allow counts in place of what `all` allow; what
// either of them deny is denied.
TypeRules rules_of_owner(const TypeRules& all, const TypeRules& own);

bool is_type_pattern(std::string_view text) noexcept;

}  // namespace sluice::model
