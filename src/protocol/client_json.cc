// SPDX-License-Identifier: MIT
#include "protocol/client_json.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <cstdint>
#include <optional>

#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::protocol {
namespace {

namespace json = boost::json;

constexpr std::size_t escape_length = 6;

// Of "\uXXXX" at the beginning of the text.
std::optional<std::uint32_t> escaped_unit(std::string_view text) {
  if (text.size() < escape_length || !text.starts_with("\\u")) {
    return std::nullopt;
  }
  std::uint32_t unit = 0;
  const char* const end = text.data() + escape_length;
  const auto [stop, error] = std::from_chars(text.data() + 2, end, unit, 16);
  return error == std::errc() && stop == end ? std::optional(unit) : std::nullopt;
}

bool is_high(std::uint32_t unit) {
  return unit >= 0xD800 && unit < 0xDC00;
}
bool is_low(std::uint32_t unit) {
  return unit >= 0xDC00 && unit < 0xE000;
}

// Backslashes stand in strings alone, so that these need not be told from the rest.
void replace_lone_surrogates(std::string& text) {
  for (std::size_t at = text.find('\\'); at != std::string::npos; at = text.find('\\', at)) {
    const std::string_view rest = std::string_view(text).substr(at);
    const std::optional<std::uint32_t> unit = escaped_unit(rest);
    if (!unit) {
      at += 2;
      continue;
    }
    const std::optional<std::uint32_t> next = escaped_unit(rest.substr(escape_length));
    if (is_high(*unit) && next && is_low(*next)) {
      at += 2 * escape_length;
      continue;
    }
    if (is_high(*unit) || is_low(*unit)) {
      text.replace(at, escape_length, "\\ufffd");
    }
    at += escape_length;
  }
}

}  // namespace

std::string tidy_json(std::string_view text) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) {
    text.remove_prefix(byte_order_mark.size());
  }
  std::string tidy = to_valid_utf8(text);
  replace_lone_surrogates(tidy);
  return tidy;
}

Result<json::value> parse_json(std::string_view tidy_text) {
  json::parse_options options;
  options.max_depth = limits::json_depth_max;
  json::error_code error;
  json::value value = json::parse(tidy_text, error, {}, options);
  if (error) {
    return fail(Errc::bad_request, error.message());
  }
  return value;
}

std::string text_of(const json::value& value) {
  if (value.is_string()) {
    return std::string(value.get_string());
  }
  json::error_code inexact;
  const auto integer = value.to_number<std::int64_t>(inexact);
  return value.is_double() && !inexact ? std::to_string(integer) : json::serialize(value);
}

}  // namespace sluice::protocol
