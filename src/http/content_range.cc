// SPDX-License-Identifier: MIT
#include "http/content_range.h"

#include <charconv>
#include <string>

#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::http {
namespace {

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size() || value > limits::file_size_max) {
    return std::nullopt;
  }
  return value;
}

// RS-RE, both inclusive.
std::optional<ByteRange> range(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) {
    return std::nullopt;
  }
  const auto first = number(text.substr(0, dash));
  const auto last = number(text.substr(dash + 1));
  if (!first || !last || *first > *last) {
    return std::nullopt;
  }
  return ByteRange{*first, *last + 1};
}

// Parses the text behind the unit.
std::optional<ContentRange> parse(std::string_view text) {
  if (text == "*") {
    return ContentRange{};
  }
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view span = trimmed(text.substr(0, slash));
  const std::string_view size = trimmed(text.substr(slash + 1));
  ContentRange parsed;
  if (size != "*") {
    parsed.total = number(size);
    if (!parsed.total) {
      return std::nullopt;
    }
  }
  if (span == "*") {
    return parsed;
  }
  parsed.range = span == "0--1" && parsed.total == 0U ? ByteRange{} : range(span);
  return parsed.range ? std::optional(parsed) : std::nullopt;
}

}  // namespace

Result<ContentRange> parse_content_range(std::string_view value) {
  constexpr std::string_view unit = "bytes";
  const std::string_view text = trimmed(value);
  const std::string_view rest = text.substr(std::min(unit.size(), text.size()));
  if (equals_ignoring_case(text.substr(0, unit.size()), unit) && rest != trimmed(rest)) {
    if (const auto parsed = parse(trimmed(rest))) {
      return *parsed;
    }
  }
  return fail(Errc::bad_request,
              "expected Content-Range \"bytes FIRST-LAST/SIZE\" with FIRST not beyond LAST and no "
              "number above " +
                  std::to_string(limits::file_size_max) +
                  ", or \"bytes */SIZE\", or \"bytes *\"; got " + in_quotes(value));
}

Result<std::optional<ContentRange>> content_range_of(const Headers& headers) {
  const std::size_t count = headers.count("Content-Range");
  if (count > 1) {
    return fail(Errc::bad_request,
                "expected one Content-Range, got " + std::to_string(count) + " of them");
  }
  const std::optional<std::string_view> value = headers.find("Content-Range");
  if (!value) {
    return std::nullopt;
  }
  const Result<ContentRange> parsed = parse_content_range(*value);
  return parsed ? Result<std::optional<ContentRange>>(*parsed) : fail(parsed.error());
}

Result<> expect_whole_file(const Headers& headers) {
  const Result<std::optional<ContentRange>> parsed = content_range_of(headers);
  if (!parsed) {
    return fail(parsed.error());
  }
  const auto is_whole = [](const ContentRange& told) {
    return told.range && told.range->begin == 0 && told.total && told.range->end >= *told.total;
  };
  if (*parsed && !is_whole(**parsed)) {
    return fail(Errc::bad_request, "expected the whole file, got a part of one: Content-Range " +
                                       in_quotes(headers.find("Content-Range").value_or("")) +
                                       "; parts are sent to the location of an upload");
  }
  return {};
}

}  // namespace sluice::http
