// SPDX-License-Identifier: MIT
#include "protocol/tus/tus_fields.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>

#include "base/encoding.h"
#include "base/limits.h"
#include "http/head_parser.h"

namespace sluice::protocol::tus {
namespace {

std::unexpected<Error> unexpected_value(const char* name, const char* expected,
                                        std::string_view text) {
  return fail(Errc::bad_request,
              std::string(name) + ": expected " + expected + ", got " + in_quotes(text));
}

}  // namespace

Result<std::optional<std::string_view>> value_of(const http::Headers& headers, const char* name) {
  if (headers.count(name) > 1) {
    return fail(Errc::bad_request, std::string(name) + ": expected it once, it came " +
                                       std::to_string(headers.count(name)) + " times");
  }
  const std::optional<std::string_view> value = headers.find(name);
  return value ? std::optional(trimmed(*value)) : std::nullopt;
}

Result<std::optional<std::uint64_t>> number_of(const http::Headers& headers, const char* name) {
  const Result<std::optional<std::string_view>> text = value_of(headers, name);
  if (!text) {
    return fail(text.error());
  }
  if (!*text) {
    return std::nullopt;
  }
  const std::string_view digits = **text;
  const bool is_number =
      !digits.empty() && std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  if (!is_number) {
    return unexpected_value(name, "a non-negative decimal number", digits);
  }
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc() ? number : std::numeric_limits<std::uint64_t>::max();
}

Result<std::optional<std::uint64_t>> declared_size(const http::Headers& headers) {
  const Result<std::optional<std::uint64_t>> size = number_of(headers, "Upload-Length");
  if (!size) {
    return fail(size.error());
  }
  const Result<std::optional<std::string_view>> deferred = value_of(headers, "Upload-Defer-Length");
  if (!deferred) {
    return fail(deferred.error());
  }
  if (*deferred && **deferred != "1") {
    return unexpected_value("Upload-Defer-Length", "1", **deferred);
  }
  if (size->has_value() == deferred->has_value()) {
    return fail(Errc::bad_request,
                std::string("expected either Upload-Length or \"Upload-Defer-Length: 1\", got ") +
                    (*size ? "both" : "neither"));
  }
  if (*size && **size > limits::file_size_max) {
    return fail(Errc::file_too_large, "Upload-Length: expected at most " +
                                          std::to_string(limits::file_size_max) + " bytes, got " +
                                          std::to_string(**size));
  }
  return *size;
}

http::Method meant_method(const http::Request& request) {
  const auto name = request.headers.find("X-HTTP-Method-Override");
  return name ? http::method_named(trimmed(*name)) : request.method;
}

bool has_content(const http::Request& request) noexcept {
  return request.framing == http::Framing::chunked || request.content_length > 0;
}

}  // namespace sluice::protocol::tus
