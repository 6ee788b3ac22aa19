// SPDX-License-Identifier: MIT
// The kinds of values of the section [checks], as setting_types.h has them for the others.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/setting_types.h"
#include "delivery/checks.h"

namespace sluice::config {

// MIME types and patterns of them as model::TypeRules reads them, with commas between them.
struct TypeList {
  using Value = std::vector<std::string>;
  static constexpr TomlForms forms{.string = true};
  static constexpr std::string_view value_name = "TYPES";
  static Parsed<Value> parse(std::string_view text);
  static std::string print(const Value& value);
};

struct VerdictWord {
  using Value = delivery::Verdict::Kind;
  static constexpr TomlForms forms{.string = true};
  static constexpr std::string_view value_name = "WORD";
  static Parsed<Value> parse(std::string_view text);
  static std::string print(Value value);
};

}  // namespace sluice::config
