// SPDX-License-Identifier: MIT
// The kinds of values that a setting can have, each with its text form: parse() reads what stands
// in a flag, a variable or the configuration file, print() writes it as TOML. parse(print(x)) == x.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/durability.h"
#include "base/log.h"
#include "config/config.h"

namespace sluice::config {

// On failure what was expected, in words that end a sentence: "expected a duration like ...".
template <class T>
using Parsed = std::expected<T, std::string>;

// The TOML values that a setting takes.
struct TomlForms {
  bool string = false;
  bool integer = false;
  bool boolean = false;
};

// `text` between quotes with everything escaped that could leave them or disturb a terminal.
std::string toml_string(std::string_view text);

Parsed<std::uint64_t> parse_count(std::string_view text, std::uint64_t min, std::uint64_t max);
Parsed<std::uint64_t> parse_size(std::string_view text, std::uint64_t min, std::uint64_t max);
Parsed<Duration> parse_duration(std::string_view text, Duration min, Duration max);
Parsed<std::string> parse_path(std::string_view text, bool may_be_empty);
std::string print_size(std::uint64_t bytes);
std::string print_duration(Duration duration);

template <std::uint64_t min, std::uint64_t max>
struct Count {
  using Value = std::uint64_t;
  static constexpr TomlForms forms{.integer = true};
  static constexpr std::string_view value_name = "NUMBER";
  static Parsed<Value> parse(std::string_view text) { return parse_count(text, min, max); }
  static std::string print(Value value) { return std::to_string(value); }
};

// Bytes: a plain number or one with KiB, MiB, GiB or TiB.
template <std::uint64_t min, std::uint64_t max>
struct Size {
  using Value = std::uint64_t;
  static constexpr TomlForms forms{.string = true, .integer = true};
  static constexpr std::string_view value_name = "SIZE";
  static Parsed<Value> parse(std::string_view text) { return parse_size(text, min, max); }
  static std::string print(Value value) { return toml_string(print_size(value)); }
};

// A number with ms, s, m, h or d.
template <std::int64_t min_milliseconds, std::int64_t max_milliseconds>
struct Span {
  using Value = Duration;
  static constexpr TomlForms forms{.string = true};
  static constexpr std::string_view value_name = "DURATION";
  static Parsed<Value> parse(std::string_view text) {
    return parse_duration(text, Duration(min_milliseconds), Duration(max_milliseconds));
  }
  static std::string print(Value value) { return toml_string(print_duration(value)); }
};

struct Switch {
  using Value = bool;
  static constexpr TomlForms forms{.boolean = true};
  static constexpr std::string_view value_name;
  static Parsed<Value> parse(std::string_view text);
  static std::string print(Value value) { return value ? "true" : "false"; }
};

// A file's path; may be empty where a default stands in for it.
template <bool may_be_empty>
struct Path {
  using Value = std::string;
  static constexpr TomlForms forms{.string = true};
  static constexpr std::string_view value_name = "PATH";
  static Parsed<Value> parse(std::string_view text) { return parse_path(text, may_be_empty); }
  static std::string print(const Value& value) { return toml_string(value); }
};

// Permissions of a file, in octal digits.
struct FileMode {
  using Value = std::uint32_t;
  static constexpr TomlForms forms{.string = true};
  static constexpr std::string_view value_name = "MODE";
  static Parsed<Value> parse(std::string_view text);
  static std::string print(Value value);
};

// ADDR:PORT, [V6]:PORT, unix:/PATH or none; `localhost` stands for 127.0.0.1.
struct Address {
  using Value = net::Endpoint;
  static constexpr TomlForms forms{.string = true};
  static constexpr std::string_view value_name = "ADDR:PORT";
  static Parsed<Value> parse(std::string_view text);
  static std::string print(const Value& value);
};

// Networks, addresses and `unix`, with commas between them.
struct ProxyList {
  using Value = net::TrustedProxies;
  static constexpr TomlForms forms{.string = true};
  static constexpr std::string_view value_name = "LIST";
  static Parsed<Value> parse(std::string_view text);
  static std::string print(const Value& value) { return toml_string(value.text()); }
};

// An absolute http or https URL to which paths can be appended, or nothing.
struct BaseUrl {
  using Value = std::string;
  static constexpr TomlForms forms{.string = true};
  static constexpr std::string_view value_name = "URL";
  static Parsed<Value> parse(std::string_view text);
  static std::string print(const Value& value) { return toml_string(value); }
};

// Origins of web pages as protocol::Origins reads them.
struct OriginList {
  using Value = protocol::Origins;
  static constexpr TomlForms forms{.string = true};
  static constexpr std::string_view value_name = "ORIGINS";
  static Parsed<Value> parse(std::string_view text);
  static std::string print(const Value& value) { return toml_string(value.text()); }
};

// Host names, with commas between them; in lower case.
struct HostList {
  using Value = std::vector<std::string>;
  static constexpr TomlForms forms{.string = true};
  static constexpr std::string_view value_name = "HOSTS";
  static Parsed<Value> parse(std::string_view text);
  static std::string print(const Value& value);
};

// Names of dialects, with commas between them, at least one.
struct DialectList {
  using Value = std::vector<std::string>;
  static constexpr TomlForms forms{.string = true};
  static constexpr std::string_view value_name = "DIALECTS";
  static Parsed<Value> parse(std::string_view text);
  static std::string print(const Value& value);
};

// The path of a URL, without a slash at its end.
struct UrlPath {
  using Value = std::string;
  static constexpr TomlForms forms{.string = true};
  static constexpr std::string_view value_name = "PATH";
  static Parsed<Value> parse(std::string_view text);
  static std::string print(const Value& value) { return toml_string(value); }
};

struct DownloadsWord {
  using Value = protocol::Downloads;
  static constexpr TomlForms forms{.string = true};
  static constexpr std::string_view value_name = "WORD";
  static Parsed<Value> parse(std::string_view text);
  static std::string print(Value value);
};

struct DurabilityWord {
  using Value = Durability;
  static constexpr TomlForms forms{.string = true};
  static constexpr std::string_view value_name = "WORD";
  static Parsed<Value> parse(std::string_view text);
  static std::string print(Value value);
};

struct LogLevelWord {
  using Value = LogLevel;
  static constexpr TomlForms forms{.string = true};
  static constexpr std::string_view value_name = "WORD";
  static Parsed<Value> parse(std::string_view text);
  static std::string print(Value value);
};

struct LogFormatWord {
  using Value = LogFormat;
  static constexpr TomlForms forms{.string = true};
  static constexpr std::string_view value_name = "WORD";
  static Parsed<Value> parse(std::string_view text);
  static std::string print(Value value);
};

}  // namespace sluice::config
