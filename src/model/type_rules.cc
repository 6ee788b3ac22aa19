// SPDX-License-Identifier: MIT
#include "model/type_rules.h"

#include <algorithm>

namespace sluice::model {
namespace {

bool fits(std::string_view part, std::string_view pattern) noexcept {
  return pattern == "*" || part == pattern;
}

bool fits_any(std::string_view type, const std::vector<std::string>& patterns) noexcept {
  const std::size_t slash = type.find('/');
  return slash != std::string_view::npos &&
         std::ranges::any_of(patterns, [&](std::string_view pattern) {
           const std::size_t middle = pattern.find('/');
           return fits(type.substr(0, slash), pattern.substr(0, middle)) &&
                  fits(type.substr(slash + 1), pattern.substr(middle + 1));
         });
}

// RFC 6838 4.2, in lower case.
bool is_name(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$&-^_.+").contains(c);
  });
}

}  // namespace

bool TypeRules::take(std::string_view type) const noexcept {
  return (allowed.empty() || fits_any(type, allowed)) && !fits_any(type, denied);
}

void TypeRules::add(const TypeRules& other) {
  allowed.insert(allowed.end(), other.allowed.begin(), other.allowed.end());
  denied.insert(denied.end(), other.denied.begin(), other.denied.end());
}

TypeRules rules_of_owner(const TypeRules& all, const TypeRules& own) {
  TypeRules rules = all;
  if (!own.allowed.empty()) {
    rules.allowed.clear();
  }
  rules.add(own);
  return rules;
}

bool is_type_pattern(std::string_view text) noexcept {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) {
    return false;
  }
  const std::string_view type = text.substr(0, slash);
  const std::string_view subtype = text.substr(slash + 1);
  return (type == "*" && subtype == "*") || (is_name(type) && (subtype == "*" || is_name(subtype)));
}

}  // namespace sluice::model
