// SPDX-License-Identifier: MIT
// The kinds of values of the sections [journal], [store] and [s3], as setting_types.h has them for
// the others.
#pragma once

#include <string>
#include <string_view>

#include "config/setting_types.h"

namespace sluice::config {

// A server of PostgreSQL as libpq reads it, without a password, or empty.
struct JournalUrl {
  using Value = std::string;
  static constexpr TomlForms forms{.string = true};
  static constexpr std::string_view value_name = "URL";
  static Parsed<Value> parse(std::string_view text);
  static std::string print(const Value& value) { return toml_string(value); }
};

// A place as s3::parse_bucket_url() reads it, or empty.
struct StoreUrl {
  using Value = std::string;
  static constexpr TomlForms forms{.string = true};
  static constexpr std::string_view value_name = "URL";
  static Parsed<Value> parse(std::string_view text);
  static std::string print(const Value& value) { return toml_string(value); }
};

// http or https, a host and perhaps a port, or empty.
struct EndpointUrl {
  using Value = std::string;
  static constexpr TomlForms forms{.string = true};
  static constexpr std::string_view value_name = "URL";
  static Parsed<Value> parse(std::string_view text);
  static std::string print(const Value& value) { return toml_string(value); }
};

struct RegionWord {
  using Value = std::string;
  static constexpr TomlForms forms{.string = true};
  static constexpr std::string_view value_name = "REGION";
  static Parsed<Value> parse(std::string_view text);
  static std::string print(const Value& value) { return toml_string(value); }
};

}  // namespace sluice::config
