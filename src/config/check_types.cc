// SPDX-License-Identifier: MIT
#include "config/check_types.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "model/type_rules.h"

namespace sluice::config {

using Kind = delivery::Verdict::Kind;

Parsed<std::vector<std::string>> TypeList::parse(std::string_view text) {
  std::vector<std::string> patterns;
  std::string_view rest = trimmed(text);
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    std::string pattern = to_lower(trimmed(rest.substr(0, comma)));
    if (!model::is_type_pattern(pattern) || patterns.size() == limits::check_patterns_max) {
      return std::unexpected("expected types like video/mp4 or video/* with commas between them");
    }
    patterns.push_back(std::move(pattern));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return patterns;
}

std::string TypeList::print(const Value& value) {
  std::string text;
  for (const std::string& pattern : value) {
    text += (text.empty() ? "" : ", ") + pattern;
  }
  return toml_string(text);
}

Parsed<Kind> VerdictWord::parse(std::string_view text) {
  for (const Kind kind : {Kind::take, Kind::refuse, Kind::set_aside}) {
    if (print(kind) == toml_string(text)) {
      return kind;
    }
  }
  return std::unexpected("expected refuse, set_aside or take");
}

std::string VerdictWord::print(Value value) {
  switch (value) {
    case Kind::take:
      return toml_string("take");
    case Kind::refuse:
      return toml_string("refuse");
    case Kind::set_aside:
      break;
  }
  return toml_string("set_aside");
}

}  // namespace sluice::config
