// SPDX-License-Identifier: MIT
#include "http/range_request.h"

#include <algorithm>
#include <optional>
#include <string>

#include "base/checked.h"
#include "base/encoding.h"

namespace sluice::http {
namespace {

// Digits alone; what is larger than any number here is the largest.
std::optional<std::uint64_t> parse_position(std::string_view text) {
  if (text.empty()) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') {
      return std::nullopt;
    }
    const auto digit = static_cast<std::uint64_t>(c - '0');
    value = saturating_add(saturating_multiply(value, 10), digit);
  }
  return value;
}

// The range of a file of `size` bytes; empty: it has none of these. nullopt: the field says nothing
// that counts.
std::optional<ByteRange> parse_range(std::string_view field, std::uint64_t size) {
  constexpr std::string_view unit = "bytes=";
  if (!equals_ignoring_case(field.substr(0, unit.size()), unit)) {
    return std::nullopt;
  }
  const std::string_view span = trimmed(field.substr(unit.size()));
  const std::size_t dash = span.find('-');
  if (dash == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view first = span.substr(0, dash);
  const std::string_view last = span.substr(dash + 1);
  const std::optional<std::uint64_t> begin = parse_position(first);
  const std::optional<std::uint64_t> end = parse_position(last);
  if ((!begin && !first.empty()) || (!end && !last.empty()) || (!begin && !end)) {
    return std::nullopt;
  }
  if (!begin) {
    return ByteRange{saturating_subtract(size, *end), size};
  }
  if (end && *end < *begin) {
    return std::nullopt;
  }
  return ByteRange{std::min(*begin, size), std::min(saturating_add(end.value_or(size), 1), size)};
}

// Weak comparison (RFC 9110 8.8.3.2).
bool names(std::string_view list, std::string_view etag) {
  while (!list.empty()) {
    std::string_view item = trimmed(list.substr(0, list.find(',')));
    list.remove_prefix(std::min(list.find(','), list.size()));
    list.remove_prefix(list.empty() ? 0 : 1);
    if (item.starts_with("W/")) {
      item.remove_prefix(2);
    }
    if (item == "*" || item == etag) {
      return true;
    }
  }
  return false;
}

}  // namespace

WantedBytes wanted_bytes(const Request& request, std::string_view etag, std::uint64_t size) {
  const Headers& fields = request.headers;
  for (const Header& field : fields.fields()) {
    if (equals_ignoring_case(field.name, "If-None-Match") && names(field.value, etag)) {
      return {304, {}};
    }
  }
  const WantedBytes all{200, {0, size}};
  if (request.method != Method::get || fields.count("Range") != 1 ||
      trimmed(fields.find("If-Range").value_or(etag)) != etag) {
    return all;
  }
  const std::optional<ByteRange> range = parse_range(trimmed(*fields.find("Range")), size);
  if (!range) {
    return all;
  }
  return range->empty() ? WantedBytes{416, {}} : WantedBytes{206, *range};
}

Response range_answer(const WantedBytes& wanted, std::string_view etag, std::uint64_t size) {
  Response response;
  response.status = wanted.status;
  response.headers.set("Accept-Ranges", "bytes");
  response.headers.set("Cache-Control", "private, no-cache");
  if (wanted.status == 416) {
    response.headers.set("Content-Range", "bytes */" + std::to_string(size));
    return response;
  }
  response.headers.set("ETag", std::string(etag));
  if (wanted.status == 206) {
    response.headers.set("Content-Range", "bytes " + std::to_string(wanted.range.begin) + "-" +
                                              std::to_string(wanted.range.end - 1) + "/" +
                                              std::to_string(size));
  }
  return response;
}

}  // namespace sluice::http
