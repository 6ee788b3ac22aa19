// SPDX-License-Identifier: MIT
#include "protocol/number_field.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>
#include <string_view>

#include "base/encoding.h"

namespace sluice::protocol {

Result<std::optional<std::uint64_t>> number_field(const http::Headers& headers, const char* name) {
  const std::optional<std::string_view> value = headers.find(name);
  if (!value) {
    return std::nullopt;
  }
  const std::string_view digits = trimmed(*value);
  const bool is_number =
      !digits.empty() && std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  if (!is_number || headers.count(name) > 1) {
    return fail(Errc::bad_request, std::string(name) + ": expected one decimal number, got " +
                                       (is_number ? "several" : in_quotes(digits)));
  }
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc() ? number : std::numeric_limits<std::uint64_t>::max();
}

}  // namespace sluice::protocol
