// SPDX-License-Identifier: MIT
// The kinds of values of the sections [backend] and [hooks], as setting_types.h has them for the
// others.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/setting_types.h"
#include "delivery/handoff_request.h"

namespace sluice::config {

// A URL as outgoing::UrlTemplate reads it, or empty.
struct BackendUrl {
  using Value = std::string;
  static constexpr TomlForms forms{.string = true};
  static constexpr std::string_view value_name = "URL";
  static Parsed<Value> parse(std::string_view text);
  static std::string print(const Value& value) { return toml_string(value); }
};

// A URL as outgoing::parse_target() reads it, or empty.
struct HookUrl {
  using Value = std::string;
  static constexpr TomlForms forms{.string = true};
  static constexpr std::string_view value_name = "URL";
  static Parsed<Value> parse(std::string_view text);
  static std::string print(const Value& value) { return toml_string(value); }
};

struct BackendKindWord {
  using Value = BackendKind;
  static constexpr TomlForms forms{.string = true};
  static constexpr std::string_view value_name = "WORD";
  static Parsed<Value> parse(std::string_view text);
  static std::string print(Value value) {
    return toml_string(value == Value::files ? "files" : "videos");
  }
};

struct HandoffModeWord {
  using Value = delivery::HandoffMode;
  static constexpr TomlForms forms{.string = true};
  static constexpr std::string_view value_name = "WORD";
  static Parsed<Value> parse(std::string_view text);
  static std::string print(Value value);
};

// A method of HTTP that may have a body.
struct MethodWord {
  using Value = std::string;
  static constexpr TomlForms forms{.string = true};
  static constexpr std::string_view value_name = "METHOD";
  static Parsed<Value> parse(std::string_view text);
  static std::string print(const Value& value) { return toml_string(value); }
};

// Whether there is a digest: "sha256" or "none".
struct DigestWord {
  using Value = bool;
  static constexpr TomlForms forms{.string = true};
  static constexpr std::string_view value_name = "WORD";
  static Parsed<Value> parse(std::string_view text);
  static std::string print(Value value) { return toml_string(value ? "sha256" : "none"); }
};

// Statuses of HTTP from 400 to 499, with commas between them in the text, in order.
struct StatusList {
  using Value = std::vector<int>;
  static constexpr TomlForms forms{.string = true};
  static constexpr std::string_view value_name = "STATUSES";
  static Parsed<Value> parse(std::string_view text);
  static std::string print(const Value& value);
};

// Names of headers in lower case, with commas between them in the text. Headers of one connection,
// of the framing, or of Sluice are not allowed.
struct HeaderNames {
  using Value = std::vector<std::string>;
  static constexpr TomlForms forms{.string = true};
  static constexpr std::string_view value_name = "NAMES";
  static Parsed<Value> parse(std::string_view text);
  static std::string print(const Value& value);
};

}  // namespace sluice::config
